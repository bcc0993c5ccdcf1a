/* SPDX-License-Identifier: MIT */
import { useEffect, useState } from 'react';
import { whenConnected } from '../../api/connection';
import { api } from '../../api/index';
import type { SetupState } from '../../api/types';
import { cx } from '../../ui/cx';
import { Logo } from '../../ui/Logo';
import { SetupForm } from './SetupForm';
import { SignInForm } from './SignInForm';

function useSetupState(): SetupState | null {
  const [state, setState] = useState<SetupState | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    const load = async (): Promise<void> => {
      try {
        setState(await api.json<SetupState>('GET', '/auth/setup', { authenticate: false, signal: stop.signal }));
      } catch {
        // The form is usable without; ask again when the NAS is back.
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        if (stop.signal.aborted) return;
        await whenConnected(stop.signal);
        await load();
      }
    };
    load().catch(() => undefined);
    return () => stop.abort();
  }, []);
  return state;
}

export function LoginPage({ ended }: { ended: boolean }) {
  const setup = useSetupState();
  const [created, setCreated] = useState<string | null>(null);
  const firstRun = setup?.setup_required === true && created === null;

  useEffect(() => {
    document.title = firstRun ? 'Set up · BaluHost' : 'Sign in · BaluHost';
  }, [firstRun]);

  return (
    <main className="scroll-thin grid h-full place-items-center overflow-y-auto p-4">
      <div className={cx('flex w-full flex-col gap-6 py-8', firstRun ? 'max-w-110' : 'max-w-90')}>
        <div className="flex flex-col items-center gap-3 text-center">
          <Logo size={48} />
          <h1 className="text-xl font-semibold tracking-tight">
            {firstRun ? 'Welcome to BaluHost' : 'Sign in to BaluHost'}
          </h1>
        </div>
        <div className="rounded-2xl border border-line bg-surface p-6 shadow-card max-sm:p-5">
          {firstRun ? (
            <SetupForm onCreated={setCreated} />
          ) : (
            <SignInForm ended={ended} created={created} developmentMode={setup?.development_mode === true} />
          )}
        </div>
      </div>
    </main>
  );
}
