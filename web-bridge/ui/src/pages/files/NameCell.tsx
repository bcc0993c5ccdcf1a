/* SPDX-License-Identifier: MIT */
import { Lock } from 'lucide-react';
import { useRef, useState } from 'react';
import type { FileItem } from '../../api/types';
import { formatBytes, formatDate } from '../../lib/format';
import { nameProblem, splitName } from '../../lib/paths';
import { cx } from '../../ui/cx';
import { inputBase } from '../../ui/Field';
import { FileIcon } from './FileIcon';

interface RenameFieldProps {
  item: FileItem;
  onRename: (newName: string) => Promise<void>;
  /** it is over; `back`: the focus should go back to the row */
  onDone: (back: boolean) => void;
}

/** The field in place of the name. Enter and leaving it rename, Escape does not. */
function RenameField({ item, onRename, onDone }: RenameFieldProps) {
  const [name, setName] = useState(item.name);
  const [error, setError] = useState<string | null>(null);
  const busy = useRef(false);

  async function commit(leaving: boolean): Promise<void> {
    if (busy.current) return;
    const wanted = name.trim();
    if (wanted === item.name || (leaving && nameProblem(wanted) !== null)) {
      onDone(!leaving);
      return;
    }
    const problem = nameProblem(wanted);
    if (problem !== null) {
      setError(problem);
      return;
    }
    busy.current = true;
    try {
      await onRename(wanted);
      onDone(false);
    } catch (refused) {
      busy.current = false;
      setError(refused instanceof Error ? refused.message : String(refused));
    }
  }

  return (
    <span className="relative flex min-w-0 grow items-center">
      <input
        aria-label={`New name of ${item.name}`}
        aria-invalid={error !== null || undefined}
        aria-describedby={error === null ? undefined : 'rename-error'}
        className={cx(inputBase, 'focus-inset h-7 w-full min-w-0 px-2 font-normal select-text')}
        autoFocus
        spellCheck={false}
        autoComplete="off"
        value={name}
        onFocus={(event) =>
          event.target.setSelectionRange(0, item.type === 'file' ? splitName(item.name)[0].length : -1)
        }
        onChange={(event) => {
          setName(event.target.value);
          setError(null);
        }}
        onBlur={() => void commit(true)}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === 'Enter') void commit(false);
          if (event.key === 'Escape') onDone(true);
        }}
        onKeyUp={(event) => event.stopPropagation()}
        onPointerDown={(event) => event.stopPropagation()}
        onMouseDown={(event) => event.stopPropagation()}
        onClick={(event) => event.stopPropagation()}
        onDoubleClick={(event) => event.stopPropagation()}
      />
      {error !== null && (
        <span
          id="rename-error"
          role="alert"
          className="absolute top-full left-0 z-10 mt-1 rounded-lg border border-danger/40 bg-danger-tint px-2.5 py-1.5 text-xs text-danger shadow-pop"
        >
          {error}
        </span>
      )}
    </span>
  );
}

interface NameCellProps extends Omit<RenameFieldProps, 'item'> {
  item: FileItem;
  renaming: boolean;
  /** with size and date below the name, where there is no room for columns */
  stacked: boolean;
}

export function NameCell({ item, renaming, stacked, onRename, onDone }: NameCellProps) {
  const isDirectory = item.type === 'directory';
  return (
    <span className="flex min-w-0 grow items-center gap-2.5">
      <FileIcon name={item.name} isDirectory={isDirectory} size={stacked ? 24 : 18} />
      {renaming ? (
        <RenameField item={item} onRename={onRename} onDone={onDone} />
      ) : (
        <span className="min-w-0 leading-tight">
          <span className="flex min-w-0 items-center gap-1.5">
            <span className="truncate" title={item.name}>
              {item.name}
            </span>
            {!item.is_writable && (
              <span title="You may look at this, but not change it" className="shrink-0 text-soft">
                <Lock size={12} aria-hidden />
                <span className="sr-only">read only</span>
              </span>
            )}
          </span>
          {stacked && (
            <span className="block truncate text-xs text-soft tabular-nums">
              {isDirectory ? '' : `${formatBytes(item.size)} · `}
              {formatDate(item.modified_at)}
            </span>
          )}
        </span>
      )}
    </span>
  );
}
