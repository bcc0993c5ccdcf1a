/* SPDX-License-Identifier: MIT */
import type { Key, Selection } from '@react-types/shared';
import { ArrowDown, ArrowUp } from 'lucide-react';
import {
  type DragEvent,
  type HTMLAttributes,
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type Ref,
  useEffect,
  useImperativeHandle,
  useMemo,
  useRef,
} from 'react';
import { useCollator } from 'react-aria/useCollator';
import { useGridList } from 'react-aria/useGridList';
import { useListState } from 'react-stately/useListState';
import { cx } from '../cx';
import { ArrayCollection, type Describe } from './collection';
import { GridRow } from './GridRow';
import { useRows } from './useRows';
import { useTypeAhead } from './useTypeAhead';

export interface Column<T> {
  id: string;
  header: string;
  /** classes of the header cell and of every cell: width, alignment, where it is hidden */
  className: string;
  render: (item: T) => ReactNode;
  sortable?: boolean;
}

export interface Sort {
  column: string;
  order: 'asc' | 'desc';
}

export interface GridHandle {
  focus: (key: string) => void;
  focusGrid: () => void;
}

export interface DataGridProps<T> {
  label: string;
  items: readonly T[];
  describe: Describe<T>;
  columns: readonly Column<T>[];
  rowHeight: number;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  selection: Selection;
  onSelection: (selection: Selection) => void;
  /** Enter, double click, or a tap */
  onAction: (key: string) => void;
  /** right click, Shift+F10 or the menu key; key is null beside the rows */
  onContextMenu?: (key: string | null, position: { x: number; y: number }) => void;
  onKeyDown?: (event: KeyboardEvent) => void;
  rowClass?: (item: T) => string | undefined;
  /** what dragging a row needs; absent: rows cannot be dragged */
  onRowDragStart?: (key: string, event: DragEvent) => void;
  /** handlers of what is dragged over the table, rows or not */
  dropProps?: HTMLAttributes<HTMLDivElement>;
  /** stands where the rows would be when there are none */
  children?: ReactNode;
  handle?: Ref<GridHandle>;
}

/** What the grid hook gives without what belongs to the element around header and body. */
function bodyOf(gridProps: HTMLAttributes<HTMLElement>): HTMLAttributes<HTMLElement> {
  const {
    id,
    role,
    'aria-label': label,
    'aria-multiselectable': multiple,
    'aria-describedby': description,
    ...body
  } = gridProps;
  return body;
}

/**
 * A table of any length: keyboard, selection, type-ahead and touch come from react-aria's grid list over a lazy collection; only the rows in sight
 * are drawn, all of one height. Cells are plain, and a row is one tab stop:
 * what its controls do is also in its context menu.
 */
export function DataGrid<T extends object>(props: DataGridProps<T>) {
  const { label, items, describe, columns, rowHeight, sort, onSort, selection, onSelection, onAction, onContextMenu } =
    props;
  const scroller = useRef<HTMLDivElement>(null);
  const emptyArea = useRef<HTMLDivElement>(null);
  const empty = items.length === 0;
  const collator = useCollator({ usage: 'search', sensitivity: 'base' });
  const collection = useMemo(() => new ArrayCollection(items, describe), [items, describe]);

  const state = useListState<T>({
    collection,
    selectionMode: 'multiple',
    selectionBehavior: 'replace',
    selectedKeys: selection,
    onSelectionChange: onSelection,
    suppressTextValueWarning: true,
  } as Parameters<typeof useListState<T>>[0]);
  const manager = state.selectionManager;

  const keyboard = useMemo(() => {
    const move = (key: Key, rows: number) => {
      const index = collection.indexOf(key);
      return index < 0 ? null : collection.keyAt(Math.max(0, Math.min(collection.size - 1, index + rows)));
    };
    const page = () => Math.max(1, Math.floor((scroller.current?.clientHeight ?? rowHeight) / rowHeight) - 1);
    return {
      getKeyBelow: (key: Key) => collection.getKeyAfter(key),
      getKeyAbove: (key: Key) => collection.getKeyBefore(key),
      getFirstKey: () => collection.getFirstKey(),
      getLastKey: () => collection.getLastKey(),
      getKeyPageBelow: (key: Key) => move(key, page()),
      getKeyPageAbove: (key: Key) => move(key, -page()),
    };
  }, [collection, rowHeight]);

  const { gridProps } = useGridList<T>(
    {
      'aria-label': label,
      keyboardDelegate: keyboard,
      disallowTypeAhead: true,
      onAction: (key) => onAction(key as string),
      // A row is one stop; within it keys belong to its controls, such as the field of a rename.
      keyboardNavigationBehavior: 'tab',
      shouldSelectOnPressUp: props.onRowDragStart !== undefined,
    },
    state,
    scroller,
  );

  const typeAhead = useTypeAhead((search, begins) => {
    // One more letter looks from where one is, a new search from the row below.
    const from = Math.max(0, collection.indexOf(manager.focusedKey)) + (begins ? 1 : 0);
    const key = collection.findText(search, from, collator);
    if (key === null) return;
    manager.setFocusedKey(key);
    manager.replaceSelection(key);
  });

  const range = useRows(scroller, collection.size, rowHeight);
  const focusedIndex = collection.indexOf(manager.focusedKey);
  const indices: number[] = [];
  // The focused row is always drawn, so that the focus has a place to stay when it is scrolled out of sight.
  if (focusedIndex >= 0 && focusedIndex < range.first) indices.push(focusedIndex);
  for (let index = range.first; index < range.end; index += 1) indices.push(index);
  if (focusedIndex >= range.end) indices.push(focusedIndex);

  const reveal = (index: number) => {
    const element = scroller.current;
    if (!element || index < 0) return;
    const top = index * rowHeight;
    const bottom = top + rowHeight + (headerRef.current?.offsetHeight ?? 0);
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  };
  const headerRef = useRef<HTMLDivElement>(null);

  // Keyboard moves may jump anywhere (End, type-ahead): follow them.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the focus moves, not when entries come and go
  useEffect(() => {
    if (manager.isFocused) reveal(focusedIndex);
  }, [manager.focusedKey]);

  // Another order begins at its top.
  const order = `${sort?.column} ${sort?.order}`;
  const drawnOrder = useRef(order);
  useEffect(() => {
    if (drawnOrder.current === order) return;
    drawnOrder.current = order;
    if (scroller.current) scroller.current.scrollTop = 0;
  }, [order]);

  useImperativeHandle(props.handle, () => ({
    focus: (key) => {
      reveal(collection.indexOf(key));
      manager.setFocused(true);
      manager.setFocusedKey(key);
      scroller.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
    },
    focusGrid: () => (emptyArea.current ?? scroller.current)?.focus(),
  }));

  const onMenu = (event: MouseEvent) => {
    if (!onContextMenu) return;
    event.preventDefault();
    const row = (event.target as Element).closest<HTMLElement>('[data-key]');
    const key = row?.dataset.key ?? null;
    if (key !== null && !manager.isSelected(key)) manager.replaceSelection(key);
    if (key !== null) manager.setFocusedKey(key);
    // The menu key and Shift+F10 have no useful pointer position: the row has.
    const box = (row ?? event.currentTarget).getBoundingClientRect();
    const byKey = event.button !== 2 || (event.clientX === 0 && event.clientY === 0);
    onContextMenu(
      key,
      byKey
        ? { x: box.left + 48, y: box.top + Math.min(box.height, rowHeight) }
        : { x: event.clientX, y: event.clientY },
    );
  };

  // Selecting everything by key: react-aria says "all"; entries that arrive later would silently join, so it is made a set at once.
  const allSelected = collection.size > 0 && (selection === 'all' || selection.size === collection.size);
  const someSelected = selection === 'all' || selection.size > 0;

  const grid = (
    <div
      role="grid"
      id={gridProps.id as string | undefined}
      aria-label={label}
      aria-multiselectable="true"
      aria-rowcount={collection.size + 1}
      aria-describedby={gridProps['aria-describedby'] as string | undefined}
      className={cx('flex min-h-0 flex-col', !empty && 'grow')}
    >
      <div
        role="rowgroup"
        ref={headerRef}
        className="scroll-thin shrink-0 overflow-hidden border-b border-line px-1 [scrollbar-gutter:stable]"
      >
        <div role="row" aria-rowindex={1} className="flex h-9 items-center px-2 text-xs font-medium text-soft">
          <div role="columnheader" className="grid w-9 shrink-0 place-items-center max-sm:w-10">
            <input
              type="checkbox"
              aria-label="Select all"
              className="size-4"
              checked={allSelected}
              ref={(box) => {
                if (box) box.indeterminate = someSelected && !allSelected;
              }}
              onChange={() => onSelection(allSelected ? new Set() : new Set(collection.getKeys()))}
            />
          </div>
          {columns.map((column) => {
            const sorted = sort?.column === column.id;
            const Arrow = sort?.order === 'desc' ? ArrowDown : ArrowUp;
            return (
              <div
                key={column.id}
                role="columnheader"
                aria-sort={
                  !column.sortable ? undefined : !sorted ? 'none' : sort.order === 'asc' ? 'ascending' : 'descending'
                }
                className={cx('flex min-w-0 items-center', column.className)}
              >
                {column.sortable && onSort ? (
                  <button
                    type="button"
                    className={cx(
                      'focus-inset -mx-1.5 flex h-7 items-center gap-1 rounded-md px-1.5 hover:bg-hover hover:text-text',
                      column.className.includes('justify-end') && 'flex-row-reverse',
                    )}
                    onClick={() =>
                      onSort({ column: column.id, order: sorted && sort.order === 'asc' ? 'desc' : 'asc' })
                    }
                  >
                    <span className={sorted ? 'text-text' : ''}>{column.header}</span>
                    <Arrow size={13} aria-hidden className={sorted ? '' : 'invisible'} />
                  </button>
                ) : (
                  <span className={column.header.startsWith('(') ? 'sr-only' : ''}>
                    {column.header.replace(/[()]/g, '')}
                  </span>
                )}
              </div>
            );
          })}
        </div>
      </div>
      <div
        {...bodyOf(gridProps)}
        ref={scroller}
        role="rowgroup"
        onContextMenu={onMenu}
        onKeyDown={(event) => {
          props.onKeyDown?.(event);
          if (event.isDefaultPrevented()) return;
          if (event.key === 'a' && (event.ctrlKey || event.metaKey) && !event.shiftKey) {
            event.preventDefault();
            onSelection(new Set(collection.getKeys()));
            return;
          }
          if (!typeAhead(event)) gridProps.onKeyDown?.(event as KeyboardEvent<never>);
        }}
        className={cx(
          'scroll-thin relative min-h-0 grow overflow-y-auto overflow-x-hidden px-1 pb-1 outline-none [scrollbar-gutter:stable]',
          empty && 'hidden',
        )}
      >
        {!empty && (
          <div role="presentation" className="relative" style={{ height: collection.size * rowHeight }}>
            {indices.map((index) => {
              const node = collection.at(index);
              if (!node?.value) return null;
              return (
                <GridRow
                  key={node.key}
                  node={node}
                  item={node.value}
                  index={index}
                  state={state}
                  columns={columns}
                  rowHeight={rowHeight}
                  className={props.rowClass?.(node.value)}
                  onDragStart={props.onRowDragStart}
                />
              );
            })}
          </div>
        )}
      </div>
    </div>
  );

  return (
    <div {...props.dropProps} className="flex min-h-0 grow flex-col">
      {grid}
      {empty && (
        <div
          ref={emptyArea}
          tabIndex={0}
          role="group"
          aria-label={label}
          className="scroll-thin focus-inset min-h-0 grow overflow-y-auto"
          onKeyDown={props.onKeyDown}
          onContextMenu={onMenu}
        >
          {props.children}
        </div>
      )}
    </div>
  );
}
