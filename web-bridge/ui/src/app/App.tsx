/* SPDX-License-Identifier: MIT */
import { lazy, Suspense, useEffect, useState } from 'react';
import { ApiError } from '../api/client';
import { whenConnected } from '../api/connection';
import { session } from '../api/index';
import { useStore } from '../lib/store';
import { LoginPage } from '../pages/login/LoginPage';
import { Logo } from '../ui/Logo';
import { Toasts } from '../ui/Toasts';
import { ConnectionBanner } from './ConnectionBanner';
import { ErrorBoundary } from './ErrorBoundary';

const SignedIn = lazy(() => import('./SignedIn'));

function Starting({ slow }: { slow: boolean }) {
  return (
    <main className="grid h-full place-items-center">
      <div className="flex animate-pulse-soft flex-col items-center gap-3">
        <Logo size={44} />
        <p role="status" className={slow ? 'text-sm text-soft' : 'sr-only'}>
          Connecting to the NAS…
        </p>
      </div>
    </main>
  );
}

/** Looks for a session once; when the NAS cannot be reached, again as soon as it can. */
function useResume(): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(() => setSlow(true), 1_000);
    const resume = async () => {
      while (!stop.signal.aborted && session.state.get().kind === 'starting') {
        try {
          await session.resume();
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          await new Promise((resolve) => setTimeout(resolve, 500));
          await whenConnected(stop.signal).catch(() => undefined);
        }
      }
    };
    void resume();
    return () => {
      stop.abort(new Error('left'));
      clearTimeout(timer);
    };
  }, []);
  return slow;
}

export function App() {
  const state = useStore(session.state);
  const slow = useResume();

  return (
    <ErrorBoundary>
      <ConnectionBanner />
      {state.kind === 'starting' && <Starting slow={slow} />}
      {state.kind === 'signed-out' && <LoginPage ended={state.reason === 'ended'} />}
      {state.kind === 'signed-in' && (
        <Suspense fallback={<Starting slow={false} />}>
          <SignedIn key={state.user.id} user={state.user} />
        </Suspense>
      )}
      <Toasts />
    </ErrorBoundary>
  );
}
