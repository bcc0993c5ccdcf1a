/* SPDX-License-Identifier: MIT */
import { WifiOff } from 'lucide-react';
import { connection, probe } from '../api/connection';
import { useStore } from '../lib/store';

const MESSAGES = {
  ok: '',
  lost: 'The connection to the NAS is lost. Trying again…',
  service: 'The NAS is starting or being updated. Trying again…',
};

/** Says that the NAS is away, and goes when it is back. What is on the page stays. */
export function ConnectionBanner() {
  const state = useStore(connection);
  return (
    <div role="status" className="fixed inset-x-0 top-0 z-50 flex justify-center" data-react-aria-top-layer="true">
      {state !== 'ok' && (
        <div className="m-2 flex animate-rise items-center gap-3 rounded-xl border border-warn/40 bg-warn-tint py-1.5 pr-1.5 pl-4 text-sm text-warn shadow-pop">
          <WifiOff size={16} aria-hidden className="shrink-0" />
          <span>{MESSAGES[state]}</span>
          <button
            type="button"
            className="shrink-0 rounded-lg px-2.5 py-1 font-semibold underline underline-offset-2"
            onClick={() => void probe()}
          >
            Try now
          </button>
        </div>
      )}
    </div>
  );
}
