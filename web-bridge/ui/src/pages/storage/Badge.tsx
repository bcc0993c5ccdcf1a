/* SPDX-License-Identifier: MIT */
import { cx } from '../../ui/cx';
import type { Look } from './state';

export function Badge({ look, note }: { look: Look; note?: string }) {
  const Icon = look.icon;
  return (
    <span
      className={cx(
        'inline-flex shrink-0 items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap',
        look.tone,
      )}
    >
      <Icon size={13} aria-hidden />
      {look.word}
      {note && ` · ${note}`}
    </span>
  );
}

/** How far something is, with its words. */
export function Bar({ label, percent, tone = 'bg-accent-solid' }: { label: string; percent: number; tone?: string }) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(percent)}
      className="h-1.5 overflow-hidden rounded-full bg-pressed"
    >
      <div className={cx('h-full rounded-full', tone)} style={{ width: `${Math.min(100, percent)}%` }} />
    </div>
  );
}
