/* SPDX-License-Identifier: MIT */
import type { DragEvent } from 'react';
import { plural } from '../../lib/format';
import { Store } from '../../lib/store';

/* Dragging entries about the page. Browsers hide the data of a drag until it is dropped, so what is dragged is kept here too. */

const TYPE = 'application/x-baluhost-entries';

/** paths that are being dragged on this page, null when none are */
export const dragged = new Store<readonly string[] | null>(null);

export function startDrag(event: DragEvent, paths: readonly string[], name: string): void {
  event.dataTransfer.setData(TYPE, String(paths.length));
  event.dataTransfer.effectAllowed = 'copyMove';
  const badge = document.createElement('div');
  badge.className =
    'fixed -top-40 left-0 max-w-72 truncate rounded-lg border border-line bg-raised px-3 py-2 text-sm font-medium text-text shadow-pop';
  badge.textContent = paths.length === 1 ? name : plural(paths.length, 'item');
  document.body.append(badge);
  event.dataTransfer.setDragImage(badge, -12, -8);
  requestAnimationFrame(() => badge.remove());
  dragged.set(paths);
}

export function endDrag(): void {
  dragged.set(null);
}

export type DragKind = 'entries' | 'files' | null;

/** What is being dragged over the page: our entries, files from the desktop, or nothing that we take. */
export function dragKind(event: DragEvent): DragKind {
  const { types } = event.dataTransfer;
  if (types.includes(TYPE)) return dragged.get() === null ? null : 'entries';
  return types.includes('Files') ? 'files' : null;
}
