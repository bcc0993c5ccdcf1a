/* SPDX-License-Identifier: MIT */
import { ApiClient } from './client';
import { Session } from './session';

/** The session of this page, and the client that acts for it. */
export const session = new Session();
export const api = new ApiClient(session);

const SIGNED_OUT = 'signed-out';
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('baluhost-session');

channel?.addEventListener('message', (event) => {
  if (event.data === SIGNED_OUT && session.user !== null) session.end('none');
});

/** Signs out here and in the other tabs of this browser. */
export async function signOut(): Promise<void> {
  channel?.postMessage(SIGNED_OUT);
  await session.logout();
}
