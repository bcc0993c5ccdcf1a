/* SPDX-License-Identifier: MIT */
import { Store } from '../lib/store';
import { ApiClient, ApiError, type TokenSource } from './client';
import { exclusively } from './lock';
import type { LoginReply, User } from './types';

/* Who is signed in. The access token lives in memory only; what survives a reload is the refresh token in an HttpOnly cookie. Every refresh token
 * works once, so refreshing is done one at a time: within this page by sharing the promise, among the tabs of this browser by a lock. */

export type SessionState =
  | { kind: 'starting' }
  | { kind: 'signed-out'; reason: 'none' | 'ended' }
  | { kind: 'signed-in'; user: User };

/** Renew when less than this is left. */
const MARGIN_MS = 15_000;
const CSRF_HEADER = { 'X-BaluHost-Client': 'web' };

/** Set while the browser may hold a refresh cookie, which scripts cannot see: whoever never signed in need not ask. */
const HINT = 'baluhost-session';

type Lock = <T>(work: () => Promise<T>) => Promise<T>;

export class Session implements TokenSource {
  readonly state = new Store<SessionState>({ kind: 'starting' });
  readonly #client: ApiClient;
  readonly #lock: Lock;
  readonly #now: () => number;
  #token: string | null = null;
  #expiresAt = 0;
  #renewing: Promise<string | null> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    fetcher?: typeof fetch,
    lock: Lock = (work) => exclusively('baluhost-refresh', work),
    now: () => number = Date.now,
  ) {
    const nobody: TokenSource = { fresh: async () => this.#token, renew: async () => null };
    this.#client = new ApiClient(nobody, fetcher);
    this.#lock = lock;
    this.#now = now;
  }

  get user(): User | null {
    const state = this.state.get();
    return state.kind === 'signed-in' ? state.user : null;
  }

  /** Looks whether the browser still has a session; throws ApiError only when the NAS cannot be reached. */
  async resume(): Promise<void> {
    if (localStorage.getItem(HINT) === null) this.#drop('none');
    else await this.#refresh(null);
  }

  async login(username: string, password: string): Promise<void> {
    const reply = await this.#client.json<LoginReply>('POST', '/auth/login', {
      authenticate: false,
      body: { username, password, refresh: true },
    });
    this.#accept(reply);
  }

  /** Ends the session at the NAS, then here. Here also when the NAS cannot be reached. */
  async logout(): Promise<void> {
    const token = this.#token;
    this.#drop('none');
    if (token === null) return;
    await this.#client.json('POST', '/auth/logout', { headers: { ...CSRF_HEADER, Authorization: `Bearer ${token}` } });
  }

  /** Another tab has signed out, or the NAS says that the session is over. */
  end(reason: 'none' | 'ended'): void {
    this.#drop(reason);
  }

  updateUser(user: User): void {
    if (this.state.get().kind === 'signed-in') this.state.set({ kind: 'signed-in', user });
  }

  async fresh(): Promise<string | null> {
    if (this.#token !== null && this.#expiresAt - this.#now() > MARGIN_MS) return this.#token;
    if (this.#token === null && this.state.get().kind !== 'starting') return null;
    return await this.#refresh(this.#token);
  }

  async renew(refused: string): Promise<string | null> {
    if (this.#token !== null && this.#token !== refused) return this.#token;
    return await this.#refresh(refused);
  }

  #refresh(refused: string | null): Promise<string | null> {
    this.#renewing ??= this.#lock(async () => {
      if (this.#token !== refused && this.#token !== null) return this.#token;
      try {
        const reply = await this.#client.json<LoginReply>('POST', '/auth/refresh', {
          authenticate: false,
          headers: CSRF_HEADER,
          // Goes through when the page is left meanwhile: else the answer with the next token would be lost, and the session with it.
          keepalive: true,
        });
        this.#accept(reply);
        return this.#token;
      } catch (error) {
        if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) {
          this.#drop(refused === null ? 'none' : 'ended');
          return null;
        }
        throw error;
      }
    }).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  #accept(reply: LoginReply): void {
    this.#token = reply.access_token;
    this.#expiresAt = this.#now() + reply.expires_in * 1000;
    localStorage.setItem(HINT, 'yes');
    this.state.set({ kind: 'signed-in', user: reply.user });
    // Renewed ahead of time, because the cookie that media elements send lives as long as the access token.
    clearTimeout(this.#timer);
    const wait = Math.max(1_000, Math.min(reply.expires_in * 1000 - 60_000, 2 ** 31 - 1));
    this.#timer = setTimeout(() => void this.#refresh(this.#token).catch(() => undefined), wait);
  }

  #drop(reason: 'none' | 'ended'): void {
    clearTimeout(this.#timer);
    this.#token = null;
    this.#expiresAt = 0;
    localStorage.removeItem(HINT);
    this.state.set({ kind: 'signed-out', reason });
  }
}
