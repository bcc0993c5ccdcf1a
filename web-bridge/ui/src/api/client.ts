/* SPDX-License-Identifier: MIT */
import { doubtConnection } from './connection';

/** A refusal by the NAS (`status` 400 and up), or no answer at all (`status` 0). `message` is a sentence for people. */
export class ApiError extends Error {
  readonly status: number;
  /** seconds after which it makes sense to try again, when the NAS said so */
  readonly retryAfter: number | null;

  constructor(status: number, message: string, retryAfter: number | null = null) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.retryAfter = retryAfter;
  }

  get isConnection(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** What a request needs of the session: the session module provides it, tests provide their own. */
export interface TokenSource {
  /** the access token, renewed first when it is about to expire; null when nobody is signed in */
  fresh(): Promise<string | null>;
  /** renews after the NAS refused `refused`; null when the session is over */
  renew(refused: string): Promise<string | null>;
}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** false for the few routes that need no token */
  authenticate?: boolean;
  keepalive?: boolean;
}

interface FieldError {
  loc?: (string | number)[];
  msg?: string;
}

/** Turns the body of a refusal into one sentence. */
export function errorMessage(status: number, body: unknown): string {
  const detail = typeof body === 'object' && body !== null ? (body as { detail?: unknown }).detail : undefined;
  if (typeof detail === 'string' && detail !== '') return detail;
  if (Array.isArray(detail)) {
    const parts = (detail as FieldError[]).map((field) => {
      const where = field.loc?.at(-1);
      return where === undefined ? (field.msg ?? '') : `${where}: ${field.msg ?? 'not valid'}`;
    });
    if (parts.length > 0) return parts.join('; ');
  }
  if (status === 413) return 'That is too large';
  if (status === 429) return 'Too many attempts';
  if (status >= 502) return 'The NAS does not answer at the moment';
  return `The NAS refused this (${status})`;
}

export function buildUrl(path: string, query?: RequestOptions['query']): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined) search.set(name, String(value));
  }
  const text = search.toString();
  return `/api${path}${text === '' ? '' : `?${text}`}`;
}

export function retryAfterSeconds(header: string | null): number | null {
  if (header === null) return null;
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}

export class ApiClient {
  readonly #tokens: TokenSource;
  readonly #fetch: typeof fetch;

  constructor(tokens: TokenSource, fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.#tokens = tokens;
    this.#fetch = fetcher;
  }

  /** Sends a request and returns the response, whose status is below 400. Throws ApiError. */
  async raw(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const url = buildUrl(path, options.query);
    let token = options.authenticate === false ? null : await this.#tokens.fresh();
    let reply = await this.#send(method, url, options, token);
    if (reply.status === 401 && token !== null) {
      token = await this.#tokens.renew(token);
      if (token !== null) reply = await this.#send(method, url, options, token);
    }
    if (reply.status < 400) return reply;

    const body: unknown = await reply.json().catch(() => null);
    if (reply.status >= 502 && reply.status <= 504) doubtConnection();
    throw new ApiError(
      reply.status,
      errorMessage(reply.status, body),
      retryAfterSeconds(reply.headers.get('Retry-After')),
    );
  }

  /** Sends a request and returns the JSON of the answer; undefined for an empty one. */
  async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const reply = await this.raw(method, path, options);
    if (reply.status === 204) return undefined as T;
    return (await reply.json()) as T;
  }

  async #send(method: string, url: string, options: RequestOptions, token: string | null): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
    if (token !== null) headers.Authorization = `Bearer ${token}`;
    const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
    if (options.body !== undefined) {
      headers['Content-Type'] = 'application/json';
      init.body = JSON.stringify(options.body);
    }
    if (options.signal) init.signal = options.signal;
    if (options.keepalive) init.keepalive = true;
    try {
      return await this.#fetch(url, init);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      doubtConnection();
      throw new ApiError(0, 'The NAS cannot be reached');
    }
  }
}
