/* SPDX-License-Identifier: MIT */
import { cx } from './cx';

export type ButtonKind = 'primary' | 'plain' | 'quiet' | 'quiet-strong' | 'quiet-danger' | 'danger';

const KINDS: Record<ButtonKind, string> = {
  primary: 'bg-accent-solid text-white hover:bg-accent-strong shadow-card',
  plain: 'bg-surface text-text border border-line hover:bg-hover shadow-card',
  quiet: 'text-soft hover:text-text hover:bg-pressed',
  'quiet-strong': 'text-text hover:bg-tint-strong',
  'quiet-danger': 'text-danger hover:bg-danger-tint',
  danger: 'bg-danger-solid text-white hover:brightness-110 shadow-card',
};

export function buttonStyle(kind: ButtonKind, icon = false, small = false): string {
  return cx(
    'inline-flex items-center justify-center gap-2 rounded-lg font-medium select-none whitespace-nowrap transition-colors',
    'disabled:opacity-50 disabled:cursor-default',
    small ? 'h-7 text-xs' : 'h-9 text-sm max-sm:h-10',
    icon ? (small ? 'w-7' : 'w-9 max-sm:w-10') : small ? 'px-2.5' : 'px-3.5',
    KINDS[kind],
  );
}
