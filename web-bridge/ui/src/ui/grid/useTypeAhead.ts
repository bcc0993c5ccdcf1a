/* SPDX-License-Identifier: MIT */
import { type KeyboardEvent, useRef } from 'react';

const PAUSE_MS = 1_000;

/**
 * Collects what is typed without a pause. `find` gets all of it, and whether it has just begun; the returned handler says whether it took the key.
 * (That of react-aria moves the focus but not the selection, so that what comes next would be done to another row.)
 */
export function useTypeAhead(find: (search: string, begins: boolean) => void): (event: KeyboardEvent) => boolean {
  const typed = useRef('');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || [...event.key].length !== 1) return false;
    // The space bar selects, but for within a name that is being typed.
    if (event.key === ' ' && typed.current === '') return false;
    event.preventDefault();
    event.stopPropagation();
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      typed.current = '';
    }, PAUSE_MS);
    const begins = typed.current === '';
    typed.current += event.key;
    find(typed.current, begins);
    return true;
  };
}
