/* SPDX-License-Identifier: MIT */
import { Check, CircleAlert, CircleSlash, Clock, Folder, LoaderCircle, RotateCcw, X } from 'lucide-react';
import { useMemo, useRef } from 'react';
import { formatBytes, formatExactBytes } from '../lib/format';
import { nameOf } from '../lib/paths';
import { IconButton } from '../ui/Button';
import { cx } from '../ui/cx';
import { useRows } from '../ui/grid/useRows';
import { uploads } from './index';
import type { Task, TaskState } from './queue';

const ROW = 44;

const ORDER: Record<TaskState, number> = {
  conflict: 0,
  failed: 1,
  sending: 2,
  queued: 3,
  done: 4,
  skipped: 4,
  cancelled: 4,
};

/** What needs a look first, then what moves, what waits, and what is over with the newest on top. */
export function inOrder(tasks: readonly Task[]): Task[] {
  const groups: Task[][] = [[], [], [], [], []];
  for (const task of tasks) groups[ORDER[task.state]]?.push(task);
  groups[4]?.reverse();
  return groups.flat();
}

function describe(task: Task): string {
  switch (task.state) {
    case 'queued':
      return task.kind === 'folder' ? 'waiting' : formatBytes(task.size);
    case 'sending':
      return task.sent >= task.size && task.size > 0
        ? 'finishing'
        : `${formatBytes(task.sent)} of ${formatBytes(task.size)}`;
    case 'conflict':
      return 'exists already';
    case 'done':
      return task.kind === 'folder' ? 'created' : formatBytes(task.size);
    case 'failed':
      return task.error ?? 'failed';
    default:
      return task.state;
  }
}

function StateIcon({ task }: { task: Task }) {
  if (task.state === 'done') return <Check size={16} aria-hidden className="text-good" />;
  if (task.state === 'failed' || task.state === 'conflict')
    return <CircleAlert size={16} aria-hidden className="text-danger" />;
  if (task.state === 'sending') return <LoaderCircle size={16} aria-hidden className="animate-turn text-accent" />;
  if (task.state === 'queued') {
    return task.kind === 'folder' ? <Folder size={16} aria-hidden /> : <Clock size={16} aria-hidden />;
  }
  return <CircleSlash size={16} aria-hidden />;
}

function TaskRow({ task, top }: { task: Task; top: number }) {
  const name = nameOf(task.path);
  const active = task.state === 'sending' || task.state === 'queued' || task.state === 'conflict';
  return (
    <li
      className="absolute inset-x-0 top-0 flex items-center gap-3 px-4 text-soft"
      style={{ height: ROW, transform: `translateY(${top}px)` }}
    >
      <StateIcon task={task} />
      <div className="min-w-0 grow leading-tight">
        <p className="truncate text-sm text-text" title={task.path}>
          {name}
        </p>
        <p
          className={cx('truncate text-xs tabular-nums', task.state === 'failed' && 'text-danger')}
          title={task.error ?? formatExactBytes(task.size)}
        >
          {describe(task)}
        </p>
      </div>
      {active && (
        <IconButton small label={`Cancel ${name}`} onPress={() => uploads.cancel(task)}>
          <X size={14} aria-hidden />
        </IconButton>
      )}
      {(task.state === 'failed' || task.state === 'cancelled') && (
        <IconButton small label={`Try ${name} again`} onPress={() => uploads.retry(task)}>
          <RotateCcw size={14} aria-hidden />
        </IconButton>
      )}
      {task.state === 'sending' && task.size > 0 && (
        <span
          aria-hidden
          className="absolute bottom-0 left-0 h-0.5 bg-accent-solid"
          style={{ width: `${(task.sent / task.size) * 100}%` }}
        />
      )}
    </li>
  );
}

/** The uploads one by one; only those in sight are drawn. */
export function TaskList({ version }: { version: number }) {
  const scroller = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: tasks change in place; the version tells
  const ordered = useMemo(() => inOrder(uploads.tasks), [version]);
  const range = useRows(scroller, ordered.length, ROW);
  return (
    <div
      ref={scroller}
      tabIndex={0}
      role="group"
      aria-label="Uploads"
      className="scroll-thin focus-inset max-h-72 overflow-y-auto border-t border-line"
    >
      <ul className="relative" style={{ height: ordered.length * ROW }}>
        {ordered.slice(range.first, range.end).map((task, offset) => (
          <TaskRow key={task.id} task={task} top={(range.first + offset) * ROW} />
        ))}
      </ul>
    </div>
  );
}
