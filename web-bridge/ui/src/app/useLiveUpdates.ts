/* SPDX-License-Identifier: MIT */
import type { QueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { listen, type NasEvent, onEvent } from '../api/events';
import { showToast } from '../ui/toasts';

/** Events come in bursts; what they concern is asked for once in so long. */
const GATHER_MS = 250;

/** The queries that an event makes out of date; null: all of them. */
export function queriesOf(event: NasEvent): string[] | null {
  if (event.name === 'hello') return null;
  if (event.name === 'alert' || event.name === 'alert-resolved') return ['alerts'];
  const path = typeof event.data.path === 'string' ? event.data.path : '';
  switch (path.split('/')[0]) {
    case 'disks':
      return ['disks', 'smart'];
    case 'arrays':
      return ['arrays'];
    case 'pools':
      return ['pools', 'usage', 'list'];
    case 'alerts':
      return ['alerts'];
    case '':
      return event.data.interface === 'Storage' ? ['storage', 'disks', 'arrays', 'pools'] : [];
    default:
      return [];
  }
}

/** Keeps everything that is shown as new as the NAS says it is, by the one stream of events. */
export function useLiveUpdates(client: QueryClient): void {
  useEffect(() => {
    const stop = new AbortController();
    const stale = new Set<string>();
    let everything = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh = () => {
      timer = undefined;
      if (everything) void client.invalidateQueries();
      else for (const key of stale) void client.invalidateQueries({ queryKey: [key] });
      everything = false;
      stale.clear();
    };
    const forget = onEvent((event) => {
      const queries = queriesOf(event);
      if (event.name === 'alert-resolved') showToast(`Resolved: ${String(event.data.title)}`);
      if (queries === null) everything = true;
      else for (const key of queries) stale.add(key);
      if (everything || stale.size > 0) timer ??= setTimeout(refresh, GATHER_MS);
    });
    void listen(stop.signal);
    return () => {
      stop.abort();
      forget();
      clearTimeout(timer);
    };
  }, [client]);
}
