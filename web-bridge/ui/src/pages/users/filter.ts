/* SPDX-License-Identifier: MIT */
import type { User } from '../../api/types';
import type { Sort } from '../../ui/grid/DataGrid';

export type RoleFilter = 'all' | User['role'] | 'disabled';

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

const COMPARE: Record<string, (a: User, b: User) => number> = {
  username: (a, b) => collator.compare(a.username, b.username),
  role: (a, b) => collator.compare(a.role, b.role),
  state: (a, b) => Number(b.is_active) - Number(a.is_active),
  used: (a, b) => a.used_bytes - b.used_bytes,
  created: (a, b) => Date.parse(a.created_at ?? '') - Date.parse(b.created_at ?? ''),
};

/** The accounts whose name or e-mail address contains `search`, of the kind asked for, in order. */
export function visibleUsers(
  users: readonly User[],
  search: string,
  filter: RoleFilter,
  { column, order }: Sort,
): User[] {
  const needle = search.trim().toLowerCase();
  const compare = COMPARE[column] ?? (() => 0);
  const sign = order === 'desc' ? -1 : 1;
  return users
    .filter((user) => {
      if (filter === 'disabled' ? user.is_active : filter !== 'all' && user.role !== filter) return false;
      return needle === '' || user.username.toLowerCase().includes(needle) || user.email.toLowerCase().includes(needle);
    })
    .sort((a, b) => sign * compare(a, b));
}
