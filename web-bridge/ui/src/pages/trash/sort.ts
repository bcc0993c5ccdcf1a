/* SPDX-License-Identifier: MIT */
import type { TrashItem } from '../../api/types';
import { nameOf, parentOf } from '../../lib/paths';
import type { Sort } from '../../ui/grid/DataGrid';

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

const COMPARE: Record<string, (a: TrashItem, b: TrashItem) => number> = {
  name: (a, b) => collator.compare(nameOf(a.path), nameOf(b.path)),
  place: (a, b) => collator.compare(parentOf(a.path), parentOf(b.path)),
  deleted: (a, b) => Date.parse(a.deleted_at ?? '') - Date.parse(b.deleted_at ?? ''),
  size: (a, b) => a.size - b.size,
};

export function sortTrash(items: readonly TrashItem[], { column, order }: Sort): TrashItem[] {
  const compare = COMPARE[column] ?? (() => 0);
  const sign = order === 'desc' ? -1 : 1;
  return [...items].sort((a, b) => sign * compare(a, b));
}
