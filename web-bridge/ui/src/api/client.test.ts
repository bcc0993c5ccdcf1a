/* SPDX-License-Identifier: MIT */
import { beforeEach, describe, expect, test, vi } from 'vitest';

vi.mock('./connection', () => ({ doubtConnection: vi.fn() }));

import { ApiClient, ApiError, buildUrl, errorMessage, type TokenSource } from './client';
import { doubtConnection } from './connection';
import { Session } from './session';

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(body === undefined ? null : JSON.stringify(body), { status, headers });
}

const user = { id: '1', username: 'admin', email: '', role: 'admin', is_active: true };

function loginReply(token: string, expires = 900): unknown {
  return { access_token: token, expires_in: expires, user };
}

interface Call {
  url: string;
  method: string;
  headers: Record<string, string>;
  keepalive: boolean;
}

/** A NAS of functions: `routes[path]` answers, and every call is kept. */
function fakeNas(routes: Record<string, (call: Call) => Response | Promise<Response>>) {
  const calls: Call[] = [];
  const fetcher = (async (input: RequestInfo | URL, init: RequestInit = {}) => {
    const call: Call = {
      url: String(input),
      method: init.method ?? 'GET',
      headers: init.headers as Record<string, string>,
      keepalive: init.keepalive === true,
    };
    calls.push(call);
    const route = routes[call.url.split('?')[0] as string];
    if (!route) throw new TypeError('Failed to fetch');
    return await route(call);
  }) as typeof fetch;
  return { calls, fetcher, to: (path: string) => calls.filter((call) => call.url.startsWith(path)) };
}

const atOnce = <T>(work: () => Promise<T>) => work();

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
});

describe('requests', () => {
  const nobody: TokenSource = { fresh: async () => null, renew: async () => null };

  test('a query leaves out what is not set and encodes what is', () => {
    expect(buildUrl('/files/list', { path: 'a b/ü', cursor: null, limit: 5, all: false, x: undefined })).toBe(
      '/api/files/list?path=a+b%2F%C3%BC&limit=5&all=false',
    );
    expect(buildUrl('/users')).toBe('/api/users');
  });

  test('a refusal carries its status, its sentence and when to come back', async () => {
    const nas = fakeNas({
      '/api/x': () => answer(429, { detail: 'Too many attempts (retry after 30 s)' }, { 'Retry-After': '30' }),
    });
    const failure = await new ApiClient(nobody, nas.fetcher).json('GET', '/x').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({ status: 429, message: 'Too many attempts (retry after 30 s)', retryAfter: 30 });
  });

  test('no answer at all is status 0 and has the connection looked at', async () => {
    const failure = await new ApiClient(nobody, fakeNas({}).fetcher).json('GET', '/x').catch((error: unknown) => error);
    expect(failure).toMatchObject({ status: 0, isConnection: true });
    expect(doubtConnection).toHaveBeenCalled();
  });

  test('the fields of a validation failure become one sentence', () => {
    const body = {
      detail: [
        { loc: ['body', 'name'], msg: 'is too long' },
        { loc: ['query', 'limit'], msg: 'is not a number' },
      ],
    };
    expect(errorMessage(422, body)).toBe('name: is too long; limit: is not a number');
  });

  test('an answer without a body still gives a sentence', () => {
    expect(errorMessage(500, null)).toContain('500');
    expect(errorMessage(502, '<html>')).toContain('does not answer');
  });
});

describe('the session', () => {
  function signedIn(routes: Parameters<typeof fakeNas>[0], clock = { now: 0 }) {
    const nas = fakeNas({ '/api/auth/login': () => answer(200, loginReply('first')), ...routes });
    const session = new Session(nas.fetcher, atOnce, () => clock.now);
    return {
      nas,
      session,
      clock,
      client: new ApiClient(session, nas.fetcher),
      login: () => session.login('admin', 'changeme'),
    };
  }

  test('whoever never signed in here is not asked for a cookie', async () => {
    const { nas, session } = signedIn({});
    await session.resume();
    expect(session.state.get()).toEqual({ kind: 'signed-out', reason: 'none' });
    expect(nas.calls).toHaveLength(0);
  });

  test('a reload finds the session by its cookie, with the header that proves our origin', async () => {
    localStorage.setItem('baluhost-session', 'yes');
    const { nas, session } = signedIn({ '/api/auth/refresh': () => answer(200, loginReply('second')) });
    await session.resume();
    expect(session.user?.username).toBe('admin');
    expect(nas.calls[0]).toMatchObject({ method: 'POST', keepalive: true });
    expect(nas.calls[0]?.headers['X-BaluHost-Client']).toBe('web');
  });

  test('a cookie that is no good leads to the login page, a NAS that is away does not', async () => {
    localStorage.setItem('baluhost-session', 'yes');
    const refused = signedIn({ '/api/auth/refresh': () => answer(401, { detail: 'Could not validate credentials' }) });
    await refused.session.resume();
    expect(refused.session.state.get()).toEqual({ kind: 'signed-out', reason: 'none' });

    localStorage.setItem('baluhost-session', 'yes');
    const away = signedIn({});
    await expect(away.session.resume()).rejects.toMatchObject({ status: 0 });
    expect(away.session.state.get().kind).toBe('starting');
  });

  test('many requests that are refused at the same time refresh once, and all succeed', async () => {
    let valid = 'second';
    const { nas, client, login } = signedIn({
      '/api/auth/refresh': async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return answer(200, loginReply(valid));
      },
      '/api/x': (call) =>
        call.headers.Authorization === `Bearer ${valid}`
          ? answer(200, { ok: true })
          : answer(401, { detail: 'Could not validate credentials' }),
    });
    await login();
    const replies = await Promise.all(Array.from({ length: 20 }, () => client.json('GET', '/x')));
    expect(replies).toEqual(Array.from({ length: 20 }, () => ({ ok: true })));
    expect(nas.to('/api/auth/refresh')).toHaveLength(1);
    valid = 'third';
    await client.json('GET', '/x');
    expect(nas.to('/api/auth/refresh')).toHaveLength(2);
  });

  test('a token about to expire is renewed before it is used', async () => {
    const { nas, client, clock, login } = signedIn({
      '/api/auth/refresh': () => answer(200, loginReply('second')),
      '/api/x': () => answer(200, {}),
    });
    await login();
    await client.json('GET', '/x');
    clock.now = 890_000;
    await client.json('GET', '/x');
    expect(nas.to('/api/x').map((call) => call.headers.Authorization)).toEqual(['Bearer first', 'Bearer second']);
  });

  test('a session that was ended elsewhere ends here, once, without trying for ever', async () => {
    const { nas, client, session, login } = signedIn({
      '/api/auth/refresh': () => answer(401, { detail: 'Could not validate credentials' }),
      '/api/x': () => answer(401, { detail: 'Could not validate credentials' }),
    });
    await login();
    await expect(client.json('GET', '/x')).rejects.toMatchObject({ status: 401 });
    expect(session.state.get()).toEqual({ kind: 'signed-out', reason: 'ended' });
    expect(nas.to('/api/auth/refresh')).toHaveLength(1);
    expect(nas.to('/api/x')).toHaveLength(1);
  });

  test('a refresh that fails for want of a connection leaves the session as it is', async () => {
    const { client, session, clock, login } = signedIn({});
    await login();
    clock.now = 890_000;
    await expect(client.json('GET', '/x')).rejects.toMatchObject({ status: 0 });
    expect(session.user?.username).toBe('admin');
  });

  test('signing out works here even when the NAS cannot be told', async () => {
    const { session, login } = signedIn({});
    await login();
    await expect(session.logout()).rejects.toMatchObject({ status: 0 });
    expect(session.state.get()).toEqual({ kind: 'signed-out', reason: 'none' });
    expect(localStorage.getItem('baluhost-session')).toBeNull();
  });
});
