/* SPDX-License-Identifier: MIT */
import type { Selection } from '@react-types/shared';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { ArchiveRestore, ShieldAlert, Trash2 } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { ApiError } from '../../api/client';
import { emptyTrash, listTrash, purge, restore } from '../../api/files';
import type { TrashItem, User } from '../../api/types';
import { RowsSkeleton } from '../../app/PageSkeleton';
import { usageKey } from '../../app/StorageMeter';
import { formatBytes, formatDate, formatExactBytes, formatExactDate, formatUntil, plural } from '../../lib/format';
import { inParallel } from '../../lib/parallel';
import { nameOf, parentOf } from '../../lib/paths';
import { usePhone } from '../../lib/useMediaQuery';
import { type Command, ContextMenu, type MenuPosition } from '../../ui/AppMenu';
import { Button } from '../../ui/Button';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { EmptyState } from '../../ui/EmptyState';
import { type Column, DataGrid, type Sort } from '../../ui/grid/DataGrid';
import { showError, showToast } from '../../ui/toasts';
import { BulkBar } from '../files/BulkBar';
import { FileIcon } from '../files/FileIcon';
import { sortTrash } from './sort';

const describe = { key: (item: TrashItem) => item.trash_id, text: (item: TrashItem) => nameOf(item.path) };

function NameAndPlace({ item, stacked }: { item: TrashItem; stacked: boolean }) {
  const folder = parentOf(item.path);
  return (
    <span className="flex min-w-0 grow items-center gap-2.5">
      <FileIcon name={nameOf(item.path)} isDirectory={item.type === 'directory'} size={stacked ? 24 : 18} />
      <span className="min-w-0 leading-tight">
        <span className="block truncate" title={item.path}>
          {nameOf(item.path)}
        </span>
        {stacked && (
          <span className="block truncate text-xs text-soft tabular-nums">
            {formatBytes(item.size)} · {folder === '' ? 'Files' : folder}
          </span>
        )}
      </span>
    </span>
  );
}

function columnsFor(phone: boolean): Column<TrashItem>[] {
  const name: Column<TrashItem> = {
    id: 'name',
    header: 'Name',
    sortable: true,
    className: 'grow-3 basis-0 pr-3',
    render: (item) => <NameAndPlace item={item} stacked={phone} />,
  };
  if (phone) return [name];
  return [
    name,
    {
      id: 'place',
      header: 'Was in',
      sortable: true,
      className: 'grow-2 basis-0 pr-3 max-lg:hidden',
      render: (item) => <span className="truncate text-soft">{parentOf(item.path) || 'Files'}</span>,
    },
    {
      id: 'deleted',
      header: 'Deleted',
      sortable: true,
      className: 'w-36 shrink-0',
      render: (item) => (
        <span className="truncate text-soft tabular-nums" title={formatExactDate(item.deleted_at)}>
          {formatDate(item.deleted_at)}
        </span>
      ),
    },
    {
      id: 'expires',
      header: 'Gone for good',
      className: 'w-32 shrink-0 max-lg:hidden',
      render: (item) => (
        <span className="truncate text-soft tabular-nums" title={formatExactDate(item.expires_at)}>
          {formatUntil(item.expires_at)}
        </span>
      ),
    },
    {
      id: 'size',
      header: 'Size',
      sortable: true,
      className: 'w-24 shrink-0 justify-end pr-2',
      render: (item) => (
        <span className="text-soft tabular-nums" title={formatExactBytes(item.size)}>
          {formatBytes(item.size)}
        </span>
      ),
    },
  ];
}

export default function TrashPage({ user }: { user: User }) {
  const client = useQueryClient();
  const phone = usePhone();
  const [everybody, setEverybody] = useState(false);
  const [sort, setSort] = useState<Sort>({ column: 'deleted', order: 'desc' });
  const [selection, setSelection] = useState<Selection>(new Set());
  const [menu, setMenu] = useState<MenuPosition | null>(null);
  const [asking, setAsking] = useState<readonly TrashItem[] | 'all' | null>(null);
  const trash = useQuery({ queryKey: ['trash', everybody], queryFn: ({ signal }) => listTrash(everybody, signal) });

  useEffect(() => {
    document.title = 'Trash · BaluHost';
  }, []);

  const items = useMemo(() => sortTrash(trash.data ?? [], sort), [trash.data, sort]);
  const columns = useMemo(() => columnsFor(phone), [phone]);
  const selected = useMemo(
    () => items.filter((item) => selection === 'all' || selection.has(item.trash_id)),
    [items, selection],
  );

  const refresh = () => {
    setSelection(new Set());
    void client.invalidateQueries({ queryKey: ['trash'] });
    void client.invalidateQueries({ queryKey: ['files'] });
    void client.invalidateQueries({ queryKey: usageKey });
  };

  async function putBack(chosen: readonly TrashItem[], keepBoth = false): Promise<void> {
    const { done, failed } = await inParallel(chosen, 4, (item) => restore(item.trash_id, keepBoth));
    refresh();
    if (done.length === 1) showToast(`Restored “${done[0]?.value}”`);
    else if (done.length > 1) showToast(`Restored ${plural(done.length, 'item')}`);
    const taken = failed
      .filter(({ error }) => error instanceof ApiError && error.status === 409)
      .map(({ item }) => item);
    if (taken.length > 0) {
      const what = taken.length === 1 ? `“${nameOf(taken[0]?.path ?? '')}”` : plural(taken.length, 'item');
      showToast(`There is something else now where ${what} was`, {
        kind: 'error',
        action: { label: 'Keep both', run: () => void putBack(taken, true) },
      });
    } else if (failed[0]) showError(failed[0].error, 'Could not restore');
  }

  async function destroy(): Promise<void> {
    if (asking === 'all') {
      const freed = await emptyTrash();
      showToast(`The trash is empty. ${formatBytes(freed)} are free again.`);
    } else {
      const { done, failed } = await inParallel(asking ?? [], 4, (item) => purge(item.trash_id));
      if (failed[0]) {
        refresh();
        throw failed[0].error;
      }
      const freed = done.reduce((sum, { value }) => sum + value, 0);
      showToast(`Deleted for good. ${formatBytes(freed)} are free again.`);
    }
    refresh();
  }

  const commands: Command[] = [
    { id: 'restore', label: 'Restore', icon: ArchiveRestore, keys: 'Enter', run: () => void putBack(selected) },
    { id: 'purge', label: 'Delete for good…', icon: Trash2, keys: 'Del', danger: true, run: () => setAsking(selected) },
  ];
  const bytes = selected.reduce((sum, item) => sum + item.size, 0);
  const total = items.reduce((sum, item) => sum + item.size, 0);

  return (
    <div className="flex min-h-0 grow flex-col gap-3 px-5 pt-3 pb-4 max-sm:gap-2 max-sm:px-0 max-sm:pt-2 max-sm:pb-0">
      <div className="flex h-11 shrink-0 items-center gap-3 max-sm:px-3">
        {phone && selected.length > 0 ? (
          <h1 className="sr-only">Trash</h1>
        ) : (
          <h1 className="flex min-w-0 grow items-center gap-2 text-[0.95rem] font-semibold">
            <Trash2 size={16} aria-hidden className="text-soft" />
            Trash
          </h1>
        )}
        {user.role === 'admin' && selected.length === 0 && (
          <label className="flex items-center gap-2 text-sm text-soft">
            <input
              type="checkbox"
              className="size-4"
              checked={everybody}
              onChange={(event) => {
                setEverybody(event.target.checked);
                setSelection(new Set());
              }}
            />
            Everybody’s
          </label>
        )}
        {selected.length > 0 ? (
          <BulkBar count={selected.length} bytes={bytes} commands={commands} onClear={() => setSelection(new Set())} />
        ) : (
          <Button isDisabled={items.length === 0} onPress={() => setAsking(everybody ? items : 'all')}>
            <Trash2 size={16} aria-hidden />
            Empty trash
          </Button>
        )}
      </div>
      <div className="flex min-h-0 grow flex-col rounded-2xl border border-line bg-surface shadow-card max-sm:rounded-none max-sm:border-x-0 max-sm:shadow-none">
        <DataGrid<TrashItem>
          label="Trash"
          items={items}
          describe={describe}
          columns={columns}
          rowHeight={phone ? 56 : 36}
          sort={sort}
          onSort={setSort}
          selection={selection}
          onSelection={setSelection}
          onAction={(id) => void putBack(items.filter((item) => item.trash_id === id))}
          onContextMenu={(key, position) => {
            if (key !== null) setMenu(position);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Delete' || selected.length === 0) return;
            event.preventDefault();
            setAsking(selected);
          }}
        >
          {trash.isPending && <RowsSkeleton rowHeight={phone ? 56 : 36} />}
          {trash.error && (
            <EmptyState
              icon={ShieldAlert}
              title="The trash cannot be shown"
              actions={<Button onPress={() => void trash.refetch()}>Try again</Button>}
            >
              {trash.error.message}
            </EmptyState>
          )}
          {trash.data && items.length === 0 && (
            <EmptyState icon={Trash2} title="The trash is empty">
              What you delete stays here for a while, and can be restored with the place that it had.
            </EmptyState>
          )}
        </DataGrid>
        <footer className="flex h-8 shrink-0 items-center border-t border-line px-4 text-xs text-soft tabular-nums max-sm:hidden">
          {plural(items.length, 'item')}
          {items.length > 0 && ` · ${formatBytes(total)}, which count towards the quota`}
        </footer>
      </div>
      <ContextMenu at={menu} label="Actions" commands={commands} onClose={() => setMenu(null)} />
      {asking !== null && (
        <ConfirmDialog
          title={asking === 'all' ? 'Empty the trash?' : `Delete ${plural(asking.length, 'item')} for good?`}
          confirm={asking === 'all' ? 'Empty trash' : 'Delete for good'}
          onClose={() => setAsking(null)}
          run={destroy}
        >
          <p>
            {asking === 'all' ? plural(items.length, 'item') : plural(asking.length, 'item')} with{' '}
            {formatBytes((asking === 'all' ? items : asking).reduce((sum, item) => sum + item.size, 0))} will be gone.
            This cannot be undone.
          </p>
        </ConfirmDialog>
      )}
    </div>
  );
}
