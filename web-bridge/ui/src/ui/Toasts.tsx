/* SPDX-License-Identifier: MIT */
import { CircleAlert, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useStore } from '../lib/store';
import { buttonStyle } from './buttonStyle';
import { cx } from './cx';
import { dismissToast, type Toast, toasts } from './toasts';

function ToastCard({ toast }: { toast: Toast }) {
  const [held, setHeld] = useState(false);
  const left = useRef(toast.stays);

  useEffect(() => {
    if (held) return;
    const since = Date.now();
    const timer = setTimeout(() => dismissToast(toast.id), left.current);
    return () => {
      clearTimeout(timer);
      left.current = Math.max(1_500, left.current - (Date.now() - since));
    };
  }, [held, toast.id]);

  return (
    <li
      className={cx(
        'animate-rise pointer-events-auto flex min-w-0 max-w-full items-center gap-3 rounded-xl border bg-raised py-2 pr-2 pl-4 text-sm shadow-pop',
        toast.kind === 'error' ? 'border-danger/50' : 'border-line',
      )}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {toast.kind === 'error' && <CircleAlert size={16} aria-hidden className="shrink-0 text-danger" />}
      <span className="min-w-0 [overflow-wrap:anywhere]">{toast.message}</span>
      {toast.action && (
        <button
          type="button"
          className="shrink-0 rounded-lg px-2.5 py-1.5 font-semibold text-accent hover:bg-hover"
          onClick={() => {
            dismissToast(toast.id);
            toast.action?.run();
          }}
        >
          {toast.action.label}
        </button>
      )}
      <button
        type="button"
        aria-label="Dismiss"
        title="Dismiss"
        className={cx(buttonStyle('quiet', true, true), 'shrink-0')}
        onClick={() => dismissToast(toast.id)}
      >
        <X size={15} aria-hidden />
      </button>
    </li>
  );
}

/** Short messages at the bottom, read out as they appear. */
export function Toasts() {
  const all = useStore(toasts);
  return (
    <section
      aria-label="Notifications"
      className="pointer-events-none fixed inset-x-0 bottom-4 z-50 flex justify-center px-3 max-sm:bottom-18"
      data-react-aria-top-layer="true"
    >
      <ol aria-live="polite" aria-relevant="additions" className="flex min-w-0 max-w-lg flex-col items-center gap-2">
        {all.map((toast) => (
          <ToastCard key={toast.id} toast={toast} />
        ))}
      </ol>
    </section>
  );
}
