/* SPDX-License-Identifier: MIT */
import { Store } from '../lib/store';

export interface Toast {
  id: number;
  kind: 'info' | 'error';
  message: string;
  action?: { label: string; run: () => void };
  /** milliseconds until it goes by itself, not counted while the pointer or the focus is on it */
  stays: number;
}

const MOST = 4;
let lastId = 0;

export const toasts = new Store<readonly Toast[]>([]);

export function showToast(message: string, options: { kind?: Toast['kind']; action?: Toast['action'] } = {}): number {
  lastId += 1;
  const toast: Toast = {
    id: lastId,
    kind: options.kind ?? 'info',
    message,
    stays: options.action || options.kind === 'error' ? 10_000 : 5_000,
  };
  if (options.action) toast.action = options.action;
  toasts.set([...toasts.get(), toast].slice(-MOST));
  return toast.id;
}

export function showError(error: unknown, what?: string): void {
  const reason = error instanceof Error ? error.message : String(error);
  showToast(what ? `${what}: ${reason}` : reason, { kind: 'error' });
}

export function dismissToast(id: number): void {
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}
