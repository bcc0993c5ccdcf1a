/* SPDX-License-Identifier: MIT */
import { CircleAlert, Info } from 'lucide-react';
import type { ReactNode } from 'react';
import { cx } from './cx';

/** A sentence in a box: something went wrong (announced at once), or something to know. */
export function Notice({ kind = 'error', children }: { kind?: 'error' | 'info'; children: ReactNode }) {
  const Icon = kind === 'error' ? CircleAlert : Info;
  return (
    <div
      role={kind === 'error' ? 'alert' : undefined}
      className={cx(
        'flex gap-2.5 rounded-lg px-3 py-2.5 text-sm',
        kind === 'error' ? 'bg-danger-tint text-danger' : 'bg-tint text-text',
      )}
    >
      <Icon size={16} aria-hidden className="mt-0.5 shrink-0" />
      <div className="min-w-0 [overflow-wrap:anywhere]">{children}</div>
    </div>
  );
}
