/* SPDX-License-Identifier: MIT */
import type { Selection } from '@react-types/shared';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Ellipsis, FolderOpen, FolderPlus, FolderX, ShieldAlert, Upload } from 'lucide-react';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Link, useLocation, useNavigate, useSearchParams } from 'react-router';
import { ApiError } from '../../api/client';
import { access, folderHref, stat } from '../../api/files';
import type { FileItem, SortField, SortOrder } from '../../api/types';
import { RowsSkeleton } from '../../app/PageSkeleton';
import { formatBytes, formatDate, formatExactBytes, formatExactDate, plural } from '../../lib/format';
import { decodePath, joinPath, nameOf, parentOf } from '../../lib/paths';
import { useStore } from '../../lib/store';
import { usePhone } from '../../lib/useMediaQuery';
import { ContextMenu, type MenuPosition } from '../../ui/AppMenu';
import { Button } from '../../ui/Button';
import { buttonStyle } from '../../ui/buttonStyle';
import { cx } from '../../ui/cx';
import { EmptyState } from '../../ui/EmptyState';
import { contained } from '../../ui/grid/contained';
import { type Column, DataGrid, type GridHandle, type Sort } from '../../ui/grid/DataGrid';
import { onPublished } from '../../uploads/index';
import { Breadcrumbs } from './Breadcrumbs';
import { BulkBar } from './BulkBar';
import { renameFile } from './commands';
import { dragged, endDrag, startDrag } from './drag';
import { refreshFolders, useListing } from './listing';
import { MoveDialog } from './MoveDialog';
import { NameCell } from './NameCell';
import { NewFolderDialog } from './NewFolderDialog';
import { placeFocus, takeFocus } from './placeFocus';
import { neighbour, selectedItems } from './selection';
import { UploadButton } from './UploadButton';
import { useFileCommands } from './useFileCommands';
import { useFolderDrop } from './useFolderDrop';

const Preview = lazy(() => import('./Preview'));

const describe = { key: (item: FileItem) => item.name, text: (item: FileItem) => item.name };

/** The folder that an address means; null when it means none. */
function folderOf(pathname: string): string | null {
  return decodePath(pathname.replace(/^\/files\/?/, ''));
}

export default function FilesPage() {
  const location = useLocation();
  const path = folderOf(location.pathname) ?? '';
  return <Folder key={path} path={path} />;
}

const savedSort: Sort = { column: 'name', order: 'asc' };

function Folder({ path }: { path: string }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const phone = usePhone();
  const [search, setSearch] = useSearchParams();
  const [sort, setSort] = useState<Sort>({ ...savedSort });
  const [selection, setSelection] = useState<Selection>(new Set());
  const [renaming, setRenaming] = useState<string | null>(null);
  const [menu, setMenu] = useState<MenuPosition | null>(null);
  const grid = useRef<GridHandle>(null);

  const listing = useListing(path, sort.column as SortField, sort.order as SortOrder);
  const items = useMemo(() => listing.data?.items ?? [], [listing.data]);
  const rights = useQuery({
    queryKey: ['access', path],
    queryFn: ({ signal }) => access(path, signal),
    staleTime: 30_000,
  });
  const mayAdd = rights.data?.may_add !== false;
  // The NAS lists nothing for what does not exist: tell it from an empty folder.
  const itself = useQuery({
    queryKey: ['stat', path],
    queryFn: ({ signal }) => stat(path, signal),
    enabled: path !== '' && (listing.data?.total === 0 || listing.isError),
    staleTime: 0,
  });

  const selected = useMemo(() => selectedItems(items, selection), [items, selection]);
  const previewed = search.get('preview');
  const shown =
    previewed === null ? null : (items.find((item) => item.name === previewed && item.type === 'file') ?? null);

  const open = (name: string) => {
    const item = items.find((one) => one.name === name);
    if (!item) return;
    if (item.type === 'directory') {
      placeFocus(item.path);
      void navigate(folderHref(item.path));
    } else setSearch({ preview: name }, { replace: previewed !== null });
  };
  const commands = useFileCommands({
    path,
    selected: selected.items,
    mayAdd,
    open,
    rename: setRenaming,
    clear: useCallback(() => setSelection(new Set()), []),
  });

  useEffect(() => {
    document.title = `${path === '' ? 'Files' : nameOf(path)} · BaluHost`;
  }, [path]);

  useEffect(
    () =>
      onPublished((folders) => {
        const above = new Set<string>();
        // A new folder shows up in the one above it.
        for (const folder of folders) {
          for (let at = folder; ; at = parentOf(at)) {
            above.add(at);
            if (at === '') break;
          }
        }
        refreshFolders(client, above);
      }),
    [client],
  );

  // Whoever came here by the keyboard goes on in the list: at the folder that they come from, or at the top.
  const loaded = listing.data !== undefined;
  useEffect(() => {
    if (!loaded) return;
    const name = takeFocus(path);
    if (name === null) return;
    if (items.some((item) => item.name === name)) grid.current?.focus(name);
    else grid.current?.focusGrid();
  }, [loaded, path, items]);

  const rowTarget = (event: { target: EventTarget }): string | null => {
    const name = (event.target as Element).closest<HTMLElement>('[data-key]')?.dataset.key;
    const item = name === undefined ? undefined : items.find((one) => one.name === name);
    if (item?.type === 'directory') return item.path;
    return mayAdd ? path : null;
  };
  const drop = useFolderDrop(rowTarget, commands.drops);
  const moving = useStore(dragged);

  const columns = useMemo<Column<FileItem>[]>(() => {
    const name: Column<FileItem> = {
      id: 'name',
      header: 'Name',
      sortable: true,
      className: 'grow basis-0 pr-3',
      render: (item) => (
        <NameCell
          item={item}
          renaming={renaming === item.name}
          stacked={phone}
          onRename={async (newName) => {
            await renameFile(client, item.path, newName);
            setSelection(new Set([newName]));
            placeFocus(path, newName);
          }}
          onDone={(back) => {
            setRenaming(null);
            if (back) grid.current?.focus(item.name);
          }}
        />
      ),
    };
    const modified: Column<FileItem> = {
      id: 'modified',
      header: 'Modified',
      sortable: true,
      className: 'w-40 shrink-0 max-md:w-32',
      render: (item) => (
        <span className="truncate text-soft tabular-nums" title={formatExactDate(item.modified_at)}>
          {formatDate(item.modified_at)}
        </span>
      ),
    };
    const size: Column<FileItem> = {
      id: 'size',
      header: 'Size',
      sortable: true,
      className: 'w-24 shrink-0 justify-end',
      render: (item) =>
        item.type === 'directory' ? (
          <span className="text-soft">
            <span aria-hidden>–</span>
            <span className="sr-only">folder</span>
          </span>
        ) : (
          <span className="text-soft tabular-nums" title={formatExactBytes(item.size)}>
            {formatBytes(item.size)}
          </span>
        ),
    };
    const more: Column<FileItem> = {
      id: 'more',
      header: '(Actions)',
      className: 'w-10 shrink-0 justify-end',
      render: (item) => (
        // Plain, for it is in every row: what makes the other buttons the same everywhere costs more than the row itself.
        <button
          type="button"
          tabIndex={-1}
          aria-label={`Actions for ${item.name}`}
          title={`Actions for ${item.name}`}
          className={cx(
            buttonStyle('quiet', true, true),
            'opacity-0 group-hover:opacity-100 group-focus-visible:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100',
          )}
          {...contained}
          onClick={(event) => {
            event.stopPropagation();
            const box = event.currentTarget.getBoundingClientRect();
            setSelection((before) => (before !== 'all' && before.has(item.name) ? before : new Set([item.name])));
            setMenu({ x: box.left, y: box.bottom });
          }}
        >
          <Ellipsis size={16} aria-hidden />
        </button>
      ),
    };
    return phone ? [name, more] : [name, modified, size, more];
  }, [client, path, phone, renaming]);

  const count = listing.data?.total ?? 0;
  const missing = itself.error instanceof ApiError && itself.error.status === 404;
  const isFile = itself.data?.type === 'file';
  useEffect(() => {
    if (isFile)
      void navigate(`${folderHref(parentOf(path))}?preview=${encodeURIComponent(nameOf(path))}`, { replace: true });
  }, [isFile, navigate, path]);

  const dropHere = drop.over === path;
  return (
    <div className="flex min-h-0 grow flex-col gap-3 px-5 pt-3 pb-4 max-sm:gap-2 max-sm:px-0 max-sm:pt-2 max-sm:pb-0">
      <div className="flex h-11 shrink-0 items-center gap-2 max-sm:px-3">
        {phone && selected.items.length > 0 ? (
          <h1 className="sr-only">{path === '' ? 'Files' : nameOf(path)}</h1>
        ) : (
          <Breadcrumbs path={path} drops={commands.drops} />
        )}
        {selected.items.length > 0 ? (
          <BulkBar
            count={selected.items.length}
            bytes={selected.bytes}
            commands={commands.bulk}
            onClear={() => setSelection(new Set())}
          />
        ) : (
          <>
            <Button onPress={commands.newFolder} isDisabled={!mayAdd} aria-label="New folder">
              <FolderPlus size={16} aria-hidden />
              <span className="max-md:hidden">New folder</span>
            </Button>
            <UploadButton target={path} disabled={!mayAdd} />
          </>
        )}
      </div>

      <div
        className={cx(
          'relative flex min-h-0 grow flex-col rounded-2xl border bg-surface shadow-card transition-colors max-sm:rounded-none max-sm:border-x-0 max-sm:shadow-none',
          dropHere ? 'border-accent outline-2 -outline-offset-2 outline-accent' : 'border-line',
        )}
      >
        <DataGrid<FileItem>
          label={path === '' ? 'Files' : `Files in ${nameOf(path)}`}
          handle={grid}
          items={items}
          describe={describe}
          columns={columns}
          rowHeight={phone ? 56 : 36}
          sort={sort}
          onSort={(next) => {
            Object.assign(savedSort, next);
            setSort(next);
          }}
          selection={selection}
          onSelection={setSelection}
          onAction={open}
          onContextMenu={(_key, position) => setMenu(position)}
          onKeyDown={commands.onKeyDown}
          onRowDragStart={(name, event) => {
            const inSelection = selected.items.some((item) => item.name === name);
            const paths = inSelection ? selected.items.map((item) => item.path) : [joinPath(path, name)];
            startDrag(event, paths, name);
          }}
          rowClass={(item) =>
            cx(
              drop.over === item.path &&
                item.type === 'directory' &&
                'bg-tint outline-2 -outline-offset-2 outline-accent',
              (moving?.includes(item.path) || commands.isCut(item.path)) && 'opacity-50',
            )
          }
          dropProps={{ ...drop.props, onDragEnd: endDrag }}
        >
          {listing.isPending && <RowsSkeleton rowHeight={phone ? 56 : 36} />}
          {listing.error && items.length === 0 && !itself.isLoading && !isFile && (
            <EmptyState
              icon={ShieldAlert}
              title={
                listing.error instanceof ApiError && listing.error.status === 403
                  ? 'You may not look into this folder'
                  : 'This folder cannot be shown'
              }
              actions={<Button onPress={() => void listing.refetch()}>Try again</Button>}
            >
              {listing.error.message}
            </EmptyState>
          )}
          {loaded &&
            items.length === 0 &&
            !itself.isLoading &&
            !isFile &&
            (missing ? (
              <EmptyState
                icon={FolderX}
                title="This folder does not exist"
                actions={
                  <Link className={buttonStyle('primary')} to="/files">
                    Go to the top
                  </Link>
                }
              >
                It may have been moved, renamed or deleted.
              </EmptyState>
            ) : (
              <EmptyState icon={mayAdd ? Upload : FolderOpen} title="This folder is empty">
                {mayAdd ? 'Drop files or whole folders here, or use the Upload button.' : rights.data?.explanation}
              </EmptyState>
            ))}
        </DataGrid>
        <footer className="flex h-8 shrink-0 items-center gap-3 border-t border-line px-4 text-xs text-soft tabular-nums max-sm:hidden">
          <span>{plural(count, 'item')}</span>
          {listing.data?.complete === false && <span role="status">loading the rest…</span>}
          {!mayAdd && rights.data && <span className="truncate">{rights.data.explanation}</span>}
        </footer>
        {dropHere && moving === null && (
          <div className="pointer-events-none absolute inset-x-0 bottom-12 flex justify-center">
            <span className="flex animate-rise items-center gap-2 rounded-full bg-accent-solid px-4 py-2 text-sm font-medium text-white shadow-pop">
              <Upload size={16} aria-hidden />
              Drop to upload to {path === '' ? 'Files' : `“${nameOf(path)}”`}
            </span>
          </div>
        )}
      </div>

      <ContextMenu
        at={menu}
        label="Actions"
        commands={selected.items.length > 0 ? commands.context : commands.background}
        onClose={() => setMenu(null)}
      />
      {commands.dialog?.kind === 'new-folder' && (
        <NewFolderDialog
          parent={path}
          onClose={commands.closeDialog}
          onCreated={(name) => {
            refreshFolders(client, [path]);
            setSelection(new Set([name]));
          }}
        />
      )}
      {(commands.dialog?.kind === 'move' || commands.dialog?.kind === 'copy') && (
        <MoveDialog
          paths={commands.dialog.paths}
          from={path}
          verb={commands.dialog.kind === 'move' ? 'Move' : 'Copy'}
          onClose={commands.closeDialog}
          onChosen={commands.dialog.run}
        />
      )}
      {shown && (
        <Suspense>
          <Preview
            item={shown}
            position={items.filter((item) => item.type === 'file').indexOf(shown) + 1}
            count={items.reduce((files, item) => files + (item.type === 'file' ? 1 : 0), 0)}
            onStep={(by) => {
              const next = neighbour(items, shown.name, by);
              if (next) setSearch({ preview: next.name }, { replace: true });
            }}
            onClose={() => {
              setSearch({}, { replace: true });
              setSelection(new Set([shown.name]));
              grid.current?.focus(shown.name);
            }}
          />
        </Suspense>
      )}
    </div>
  );
}
