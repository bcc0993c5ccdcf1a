/* SPDX-License-Identifier: MIT */
import { session } from '../api/index';
import { Store } from '../lib/store';
import { UploadQueue } from './queue';
import { bridgeTransport } from './transport';

type Published = (folders: ReadonlySet<string>) => void;
const listeners = new Set<Published>();

/** Calls `listener` with folders into which uploads were published. */
export function onPublished(listener: Published): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The uploads of this page. */
export const uploads = new UploadQueue({
  transport: bridgeTransport(session),
  onPublished: (folders) => {
    for (const listener of listeners) listener(folders);
  },
});

/** How many files were found so far in folders that are being read, null when none are. */
export const reading = new Store<number | null>(null);

window.addEventListener('beforeunload', (event) => {
  if (uploads.busy) event.preventDefault();
});
