/* SPDX-License-Identifier: MIT */
import { type DragEvent, useRef, useState } from 'react';
import { plural } from '../../lib/format';
import { isWithin, parentOf } from '../../lib/paths';
import { showToast } from '../../ui/toasts';
import { collectDrop } from '../../uploads/collect';
import { reading, uploads } from '../../uploads/index';
import { dragged, dragKind, endDrag } from './drag';

export interface DropActions {
  move: (paths: readonly string[], target: string) => void;
  copy: (paths: readonly string[], target: string) => void;
}

/** Reads what was dropped, folders included, and queues it for `target`. */
export function uploadDrop(transfer: DataTransfer, target: string): void {
  const collected = collectDrop(transfer, (count) => reading.set(count));
  reading.set(0);
  void collected.then(({ entries, unreadable }) => {
    reading.set(null);
    uploads.add(target, entries);
    const [first] = unreadable;
    if (first === undefined) return;
    const what =
      unreadable.length === 1 ? `“${first}”` : `${plural(unreadable.length, 'item')}, the first is “${first}”`;
    showToast(`Could not be read here: ${what}`, { kind: 'error' });
  });
}

/**
 * Makes an element take drops. `targetOf` says into which folder a drop at this element would go, null for none.
 * The state is that folder while something that it takes is held over it.
 */
export function useFolderDrop(targetOf: (event: DragEvent) => string | null, actions: DropActions) {
  const [over, setOver] = useState<string | null>(null);
  const depth = useRef(0);

  const accept = (event: DragEvent): string | null => {
    const kind = dragKind(event);
    if (kind === null) return null;
    const target = targetOf(event);
    if (target === null || kind === 'files') return target;
    const paths = dragged.get() ?? [];
    const copying = event.ctrlKey || event.altKey;
    const possible = paths.some((path) => !isWithin(target, path) && (copying || parentOf(path) !== target));
    return possible ? target : null;
  };

  const props = {
    onDragEnter: () => {
      depth.current += 1;
    },
    onDragOver: (event: DragEvent) => {
      const target = accept(event);
      setOver(target);
      if (target === null) return;
      event.preventDefault();
      event.stopPropagation();
      const copying = dragKind(event) === 'files' || event.ctrlKey || event.altKey;
      event.dataTransfer.dropEffect = copying ? 'copy' : 'move';
    },
    onDragLeave: () => {
      depth.current -= 1;
      if (depth.current <= 0) {
        depth.current = 0;
        setOver(null);
      }
    },
    onDrop: (event: DragEvent) => {
      depth.current = 0;
      setOver(null);
      const target = accept(event);
      if (target === null) return;
      event.preventDefault();
      event.stopPropagation();
      if (dragKind(event) === 'files') {
        uploadDrop(event.dataTransfer, target);
        return;
      }
      const paths = dragged.get() ?? [];
      endDrag();
      if (event.ctrlKey || event.altKey) actions.copy(paths, target);
      else actions.move(paths, target);
    },
  };
  return { over, props };
}
