/* SPDX-License-Identifier: MIT */
import type { Selection } from '@react-types/shared';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import {
  CircleCheck,
  CircleSlash,
  PencilLine,
  Search,
  ShieldAlert,
  ShieldCheck,
  Trash2,
  UserPlus,
  UserRound,
  Users,
} from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { session } from '../../api/index';
import type { User } from '../../api/types';
import { deleteUser, listUsers, updateUser } from '../../api/users';
import { RowsSkeleton } from '../../app/PageSkeleton';
import { Avatar } from '../../app/UserMenu';
import { formatBytes, formatDate, formatExactBytes, formatExactDate, plural } from '../../lib/format';
import { inParallel } from '../../lib/parallel';
import { usePhone } from '../../lib/useMediaQuery';
import { type Command, ContextMenu, type MenuPosition } from '../../ui/AppMenu';
import { Button } from '../../ui/Button';
import { cx } from '../../ui/cx';
import { EmptyState } from '../../ui/EmptyState';
import { inputBase } from '../../ui/Field';
import { type Column, DataGrid, type Sort } from '../../ui/grid/DataGrid';
import { showError, showToast } from '../../ui/toasts';
import { BulkBar } from '../files/BulkBar';
import { DeleteUsersDialog } from './DeleteUsersDialog';
import { type RoleFilter, visibleUsers } from './filter';
import { UserDialog } from './UserDialog';

const key = ['users'] as const;
const describe = { key: (user: User) => user.id, text: (user: User) => user.username };

const FILTERS: { value: RoleFilter; label: string }[] = [
  { value: 'all', label: 'Everyone' },
  { value: 'admin', label: 'Administrators' },
  { value: 'user', label: 'Users' },
  { value: 'disabled', label: 'Disabled' },
];

function Badge({ tone, icon: Icon, children }: { tone: string; icon: typeof CircleCheck; children: string }) {
  return (
    <span className={cx('inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium', tone)}>
      <Icon size={13} aria-hidden />
      {children}
    </span>
  );
}

function RoleBadge({ user }: { user: User }) {
  return user.role === 'admin' ? (
    <Badge tone="bg-tint text-accent" icon={ShieldCheck}>
      Administrator
    </Badge>
  ) : (
    <Badge tone="bg-hover text-soft" icon={UserRound}>
      User
    </Badge>
  );
}

function StateBadge({ user }: { user: User }) {
  return user.is_active ? (
    <Badge tone="bg-good-tint text-good" icon={CircleCheck}>
      Active
    </Badge>
  ) : (
    <Badge tone="bg-warn-tint text-warn" icon={CircleSlash}>
      Disabled
    </Badge>
  );
}

function Used({ user }: { user: User }) {
  const { used_bytes: used, quota_bytes: quota } = user;
  const fraction = quota === null ? null : Math.min(1, used / quota);
  const full = fraction !== null && fraction >= 0.9;
  return (
    <span className="flex w-full flex-col gap-1 pr-4" title={formatExactBytes(used)}>
      <span className={cx('text-xs tabular-nums', full ? 'font-medium text-danger' : 'text-soft')}>
        {formatBytes(used)}
        {quota !== null && ` of ${formatBytes(quota)}`}
      </span>
      {fraction !== null && (
        <span className="h-1 overflow-hidden rounded-full bg-pressed">
          <span
            className={cx('block h-full rounded-full', full ? 'bg-danger-solid' : 'bg-accent-solid')}
            style={{ width: `${fraction * 100}%` }}
          />
        </span>
      )}
    </span>
  );
}

function Name({ user, stacked, me }: { user: User; stacked: boolean; me: boolean }) {
  return (
    <span className="flex min-w-0 items-center gap-3">
      <Avatar name={user.username} muted={!user.is_active} />
      <span className="min-w-0 leading-tight">
        <span className="block truncate font-medium">
          {user.username}
          {me && <span className="ml-1.5 text-xs font-normal text-soft">(you)</span>}
        </span>
        <span className="block truncate text-xs text-soft">
          {stacked
            ? [
                user.role === 'admin' ? 'Administrator' : 'User',
                ...(user.is_active ? [] : ['disabled']),
                formatBytes(user.used_bytes),
              ].join(' · ')
            : user.email || 'no e-mail address'}
        </span>
      </span>
    </span>
  );
}

function columnsFor(phone: boolean, me: User): Column<User>[] {
  const name: Column<User> = {
    id: 'username',
    header: 'Name',
    sortable: true,
    className: 'grow basis-0 pr-3',
    render: (user) => <Name user={user} stacked={phone} me={user.id === me.id} />,
  };
  if (phone) return [name];
  return [
    name,
    {
      id: 'role',
      header: 'Role',
      sortable: true,
      className: 'w-36 shrink-0',
      render: (user) => <RoleBadge user={user} />,
    },
    {
      id: 'state',
      header: 'State',
      sortable: true,
      className: 'w-28 shrink-0',
      render: (user) => <StateBadge user={user} />,
    },
    {
      id: 'used',
      header: 'Space',
      sortable: true,
      className: 'w-44 shrink-0 max-md:hidden',
      render: (user) => <Used user={user} />,
    },
    {
      id: 'created',
      header: 'Created',
      sortable: true,
      className: 'w-28 shrink-0 max-lg:hidden',
      render: (user) => (
        <span className="truncate text-soft tabular-nums" title={formatExactDate(user.created_at)}>
          {formatDate(user.created_at)}
        </span>
      ),
    },
  ];
}

export default function UsersPage({ user: me }: { user: User }) {
  const client = useQueryClient();
  const phone = usePhone();
  const [search, setSearch] = useState('');
  const [filter, setFilter] = useState<RoleFilter>('all');
  const [sort, setSort] = useState<Sort>({ column: 'username', order: 'asc' });
  const [selection, setSelection] = useState<Selection>(new Set());
  const [menu, setMenu] = useState<MenuPosition | null>(null);
  const [editing, setEditing] = useState<User | 'new' | null>(null);
  const [deleting, setDeleting] = useState<readonly User[] | null>(null);
  const list = useQuery({ queryKey: key, queryFn: ({ signal }) => listUsers(signal) });

  useEffect(() => {
    document.title = 'Users · BaluHost';
  }, []);

  const users = useMemo(
    () => visibleUsers(list.data?.users ?? [], search, filter, sort),
    [list.data, search, filter, sort],
  );
  const columns = useMemo(() => columnsFor(phone, me), [phone, me]);
  const selected = useMemo(
    () => users.filter((user) => selection === 'all' || selection.has(user.id)),
    [users, selection],
  );
  const refresh = () => void client.invalidateQueries({ queryKey: key });

  async function setActive(chosen: readonly User[], active: boolean): Promise<void> {
    const { done, failed } = await inParallel(chosen, 4, (user) => updateUser(user.id, { is_active: active }));
    refresh();
    const who = done.length === 1 ? `“${done[0]?.item.username}”` : plural(done.length, 'user');
    if (done.length > 0) showToast(active ? `Enabled ${who}` : `Disabled ${who}, and signed out everywhere`);
    for (const { item, error } of failed) showError(error, `“${item.username}” stays as it was`);
  }

  async function removeUsers(chosen: readonly User[], files: 'keep' | 'trash'): Promise<void> {
    const { done, failed } = await inParallel(chosen, 1, (user) => deleteUser(user.id, files));
    setSelection(new Set());
    refresh();
    if (done.length > 0)
      showToast(`Deleted ${done.length === 1 ? `“${done[0]?.item.username}”` : plural(done.length, 'user')}`);
    for (const { item, error } of failed) showError(error, `“${item.username}” was not deleted`);
  }

  const only = selected.length === 1 ? selected[0] : undefined;
  const commands: Command[] = [
    ...(only ? [{ id: 'edit', label: 'Edit…', icon: PencilLine, keys: 'Enter', run: () => setEditing(only) }] : []),
    ...(selected.some((user) => !user.is_active)
      ? [
          {
            id: 'enable',
            label: 'Enable',
            icon: CircleCheck,
            run: () =>
              void setActive(
                selected.filter((user) => !user.is_active),
                true,
              ),
          },
        ]
      : []),
    ...(selected.some((user) => user.is_active)
      ? [
          {
            id: 'disable',
            label: 'Disable',
            icon: CircleSlash,
            run: () =>
              void setActive(
                selected.filter((user) => user.is_active),
                false,
              ),
          },
        ]
      : []),
    { id: 'delete', label: 'Delete…', icon: Trash2, keys: 'Del', danger: true, run: () => setDeleting(selected) },
  ];

  return (
    <div className="flex min-h-0 grow flex-col gap-3 px-5 pt-3 pb-4 max-sm:gap-2 max-sm:px-0 max-sm:pt-2 max-sm:pb-0">
      <div className="flex h-11 shrink-0 items-center gap-2 max-sm:px-3">
        {phone && selected.length > 0 ? (
          <h1 className="sr-only">Users</h1>
        ) : (
          <h1 className="flex min-w-0 grow items-center gap-2 text-[0.95rem] font-semibold">
            <Users size={16} aria-hidden className="text-soft" />
            Users
          </h1>
        )}
        {selected.length > 0 ? (
          <BulkBar count={selected.length} bytes={null} commands={commands} onClear={() => setSelection(new Set())} />
        ) : (
          <Button kind="primary" onPress={() => setEditing('new')}>
            <UserPlus size={16} aria-hidden />
            New user
          </Button>
        )}
      </div>
      <div className="flex min-h-0 grow flex-col rounded-2xl border border-line bg-surface shadow-card max-sm:rounded-none max-sm:border-x-0 max-sm:shadow-none">
        <div className="flex items-center gap-2 border-b border-line p-2">
          <div className="relative min-w-0 grow">
            <Search size={15} aria-hidden className="absolute top-1/2 left-3 -translate-y-1/2 text-soft" />
            <input
              type="search"
              aria-label="Search users"
              placeholder="Search by name or e-mail"
              className={cx(inputBase, 'w-full max-w-72 pl-9')}
              value={search}
              onChange={(event) => setSearch(event.target.value)}
            />
          </div>
          <select
            aria-label="Show"
            className={cx(inputBase, 'shrink-0 px-2')}
            value={filter}
            onChange={(event) => setFilter(event.target.value as RoleFilter)}
          >
            {FILTERS.map((one) => (
              <option key={one.value} value={one.value}>
                {one.label}
              </option>
            ))}
          </select>
        </div>
        <DataGrid<User>
          label="Users"
          items={users}
          describe={describe}
          columns={columns}
          rowHeight={56}
          sort={sort}
          onSort={setSort}
          selection={selection}
          onSelection={setSelection}
          onAction={(id) => setEditing(users.find((user) => user.id === id) ?? null)}
          onContextMenu={(id, position) => {
            if (id !== null) setMenu(position);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Delete' || selected.length === 0) return;
            event.preventDefault();
            setDeleting(selected);
          }}
        >
          {list.isPending && <RowsSkeleton rowHeight={56} rows={4} />}
          {list.error && (
            <EmptyState
              icon={ShieldAlert}
              title="The users cannot be shown"
              actions={<Button onPress={() => void list.refetch()}>Try again</Button>}
            >
              {list.error.message}
            </EmptyState>
          )}
          {list.data && users.length === 0 && (
            <EmptyState
              icon={Search}
              title="Nobody matches"
              actions={
                <Button
                  onPress={() => {
                    setSearch('');
                    setFilter('all');
                  }}
                >
                  Show everyone
                </Button>
              }
            />
          )}
        </DataGrid>
        <footer className="flex h-8 shrink-0 items-center border-t border-line px-4 text-xs text-soft tabular-nums max-sm:hidden">
          {list.data &&
            [
              plural(list.data.total, 'account'),
              `${list.data.active} active`,
              plural(list.data.admins, 'administrator'),
            ].join(' · ')}
        </footer>
      </div>
      <ContextMenu at={menu} label="Actions" commands={commands} onClose={() => setMenu(null)} />
      {editing !== null && (
        <UserDialog
          user={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
          onSaved={(saved) => {
            refresh();
            showToast(editing === 'new' ? `Created “${saved.username}”` : `Saved “${saved.username}”`);
            if (saved.id === me.id) session.updateUser(saved);
          }}
        />
      )}
      {deleting !== null && (
        <DeleteUsersDialog
          users={deleting}
          onClose={() => setDeleting(null)}
          onConfirmed={(files) => void removeUsers(deleting, files)}
        />
      )}
    </div>
  );
}
