/* SPDX-License-Identifier: MIT */
import type { Node } from '@react-types/shared';
import { type DragEvent, useRef } from 'react';
import { useGridListItem } from 'react-aria/useGridList';
import type { ListState } from 'react-stately/useListState';
import { cx } from '../cx';
import { contained } from './contained';
import type { Column } from './DataGrid';

interface GridRowProps<T extends object> {
  node: Node<T>;
  item: T;
  index: number;
  state: ListState<T>;
  columns: readonly Column<T>[];
  rowHeight: number;
  className: string | undefined;
  onDragStart: ((key: string, event: DragEvent) => void) | undefined;
}

export function GridRow<T extends object>(props: GridRowProps<T>) {
  const { node, item, index, state, columns, rowHeight, onDragStart } = props;
  const ref = useRef<HTMLDivElement>(null);
  const { rowProps, gridCellProps, isSelected } = useGridListItem({ node }, state, ref);
  const key = node.key as string;

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its role, row, comes with rowProps
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: as above
    <div
      {...rowProps}
      ref={ref}
      aria-rowindex={index + 2}
      draggable={onDragStart !== undefined}
      onDragStart={(event) => {
        if (event.target !== ref.current) return;
        if (!state.selectionManager.isSelected(key)) state.selectionManager.replaceSelection(key);
        onDragStart?.(key, event);
      }}
      style={{ height: rowHeight, transform: `translateY(${index * rowHeight}px)` }}
      className={cx(
        'group focus-inset absolute inset-x-0 top-0 flex items-center rounded-lg px-2 text-sm select-none',
        isSelected ? 'bg-tint hover:bg-tint-strong' : 'hover:bg-hover',
        props.className,
      )}
    >
      <div {...gridCellProps} className="grid w-9 shrink-0 place-items-center self-stretch max-sm:w-10" {...contained}>
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select ${node.textValue}`}
          className={cx(
            'size-4 transition-opacity',
            !isSelected &&
              'opacity-0 group-hover:opacity-100 group-focus-visible:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100',
          )}
          checked={isSelected}
          onChange={(event) => {
            const { shiftKey } = event.nativeEvent as unknown as MouseEvent;
            if (shiftKey) state.selectionManager.extendSelection(key);
            else state.selectionManager.toggleSelection(key);
            state.selectionManager.setFocusedKey(key);
            // Without a mouse a tap on a row opens it, but not any more once one has begun to select.
            if (window.matchMedia('(pointer: coarse)').matches) state.selectionManager.setSelectionBehavior('toggle');
          }}
        />
      </div>
      {columns.map((column, position) => (
        <div
          key={column.id}
          role="gridcell"
          aria-colindex={position + 2}
          className={cx('flex min-w-0 items-center', column.className)}
        >
          {column.render(item)}
        </div>
      ))}
    </div>
  );
}
