/* SPDX-License-Identifier: MIT */
import { Store } from '../lib/store';

/** Whether the NAS answers: `lost` when the bridge cannot be reached, `service` when the bridge says that the service behind it is away. */
export type Connection = 'ok' | 'lost' | 'service';

const HEARTBEAT_MS = 10_000;
const PROBE_TIMEOUT_MS = 4_000;
const RETRY_MS = [500, 1_000, 2_000, 3_000];

export const connection = new Store<Connection>('ok');

let attempt = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let probing = false;

async function ask(): Promise<Connection> {
  try {
    const reply = await fetch('/api/health', {
      cache: 'no-store',
      credentials: 'omit',
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    if (reply.ok) return 'ok';
    return reply.status === 502 || reply.status === 503 || reply.status === 504 ? 'service' : 'ok';
  } catch {
    return 'lost';
  }
}

/** Asks the NAS now, and again until it answers; afterwards every few seconds while the page is visible. */
export async function probe(): Promise<void> {
  if (probing) return;
  probing = true;
  clearTimeout(timer);
  const state = await ask();
  probing = false;
  attempt = state === 'ok' ? 0 : attempt + 1;
  connection.set(state);
  schedule();
}

function schedule(): void {
  clearTimeout(timer);
  const wait = connection.get() === 'ok' ? HEARTBEAT_MS : (RETRY_MS[Math.min(attempt, RETRY_MS.length) - 1] ?? 3_000);
  timer = setTimeout(() => {
    if (document.visibilityState === 'visible') void probe();
    else schedule();
  }, wait);
}

/** A request has failed in a way that may mean that the NAS is away: find out. */
export function doubtConnection(): void {
  void probe();
}

/** Resolves when the NAS answers (again). */
export function whenConnected(signal?: AbortSignal): Promise<void> {
  if (connection.get() === 'ok') return Promise.resolve();
  return new Promise((resolve, reject) => {
    const stop = connection.subscribe(() => {
      if (connection.get() !== 'ok') return;
      stop();
      resolve();
    });
    signal?.addEventListener('abort', () => {
      stop();
      reject(signal.reason);
    });
  });
}

/** Starts to watch; called once by the page. */
export function watchConnection(): void {
  window.addEventListener('offline', () => {
    connection.set('lost');
    attempt = 1;
    schedule();
  });
  window.addEventListener('online', () => void probe());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void probe();
  });
  schedule();
}
