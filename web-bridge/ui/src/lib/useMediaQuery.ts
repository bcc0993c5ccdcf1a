/* SPDX-License-Identifier: MIT */
import { useCallback, useSyncExternalStore } from 'react';

export function useMediaQuery(query: string): boolean {
  const subscribe = useCallback(
    (changed: () => void) => {
      const list = window.matchMedia(query);
      list.addEventListener('change', changed);
      return () => list.removeEventListener('change', changed);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => window.matchMedia(query).matches);
}

/** Narrower than a tablet: one column, larger rows, navigation at the bottom. */
export function usePhone(): boolean {
  return useMediaQuery('(max-width: 639px)');
}
