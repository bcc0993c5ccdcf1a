/* SPDX-License-Identifier: MIT */
import type { Selection } from '@react-types/shared';
import type { FileItem } from '../../api/types';

export interface Selected {
  items: FileItem[];
  /** bytes of the files among them; null when there are none */
  bytes: number | null;
}

/** The entries that are selected, in the order they are shown. What has gone from the folder is not selected any more. */
export function selectedItems(items: readonly FileItem[], selection: Selection): Selected {
  const chosen =
    selection === 'all' ? [...items] : selection.size === 0 ? [] : items.filter((item) => selection.has(item.name));
  let bytes: number | null = null;
  for (const item of chosen) if (item.type === 'file') bytes = (bytes ?? 0) + item.size;
  return { items: chosen, bytes };
}

/** The file `by` places after `name` among the files of a listing; null at the ends. */
export function neighbour(items: readonly FileItem[], name: string, by: -1 | 1): FileItem | null {
  let index = items.findIndex((item) => item.name === name);
  if (index < 0) return null;
  do index += by;
  while (items[index]?.type === 'directory');
  return items[index] ?? null;
}
