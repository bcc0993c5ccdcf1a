/* SPDX-License-Identifier: MIT */
import { Component, type ReactNode } from 'react';
import { buttonStyle } from '../ui/buttonStyle';

interface State {
  error: Error | null;
}

/** Catches what went wrong while drawing, so that there is something better than an empty page. */
export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <main className="grid h-full place-items-center p-6">
        <div className="flex max-w-md flex-col items-start gap-4">
          <h1 className="text-xl font-semibold">Something went wrong on this page</h1>
          <p className="text-soft">Your files are not affected. Loading the page again usually helps.</p>
          <p className="rounded-lg bg-hover px-3 py-2 font-mono text-xs [overflow-wrap:anywhere]">{error.message}</p>
          <button type="button" className={buttonStyle('primary')} onClick={() => window.location.reload()}>
            Reload
          </button>
        </div>
      </main>
    );
  }
}
