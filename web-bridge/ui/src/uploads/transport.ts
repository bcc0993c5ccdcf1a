/* SPDX-License-Identifier: MIT */
import { ApiError, errorMessage, retryAfterSeconds, type TokenSource } from '../api/client';
import { doubtConnection, whenConnected } from '../api/connection';
import { createFolder, stat } from '../api/files';
import { nameOf, parentOf } from '../lib/paths';
import type { SendOptions, Transport } from './queue';

/** One PUT of a whole file. XMLHttpRequest, because fetch() does not tell how much of the body has gone. */
function put(
  url: string,
  file: File,
  token: string | null,
  { signal, onProgress }: SendOptions,
): Promise<XMLHttpRequest> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open('PUT', url);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    if (token !== null) request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => resolve(request);
    request.onabort = () => reject(new Error('cancelled'));
    request.onerror = () => reject(new ApiError(0, 'The connection broke'));
    request.onloadend = () => signal.removeEventListener('abort', abort);
    if (signal.aborted) {
      reject(new Error('cancelled'));
      return;
    }
    signal.addEventListener('abort', abort);
    request.send(file);
  });
}

/** A file that was changed, removed or became unreadable since it was dropped fails like a broken connection: tell them apart. */
async function assertReadable(file: File): Promise<void> {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new ApiError(422, 'This file can no longer be read here');
  }
}

async function sendFile(tokens: TokenSource, path: string, file: File, options: SendOptions): Promise<void> {
  const query = new URLSearchParams({ parents: 'true' });
  if (options.overwrite) query.set('overwrite', 'true');
  if (file.lastModified > 0) query.set('modified_usec', String(file.lastModified * 1000));
  const url = `/api/files/content/${encodeURIComponent(path)}?${query}`;

  let token = await tokens.fresh();
  let reply: XMLHttpRequest;
  try {
    reply = await put(url, file, token, options);
    if (reply.status === 401 && token !== null) {
      token = await tokens.renew(token);
      if (token !== null) reply = await put(url, file, token, options);
    }
  } catch (error) {
    if (error instanceof ApiError) {
      await assertReadable(file);
      doubtConnection();
    }
    throw error;
  }
  if (reply.status < 400) return;

  let body: unknown = null;
  try {
    body = JSON.parse(reply.responseText);
  } catch {
    // errorMessage() has a sentence for an answer without one
  }
  throw new ApiError(
    reply.status,
    errorMessage(reply.status, body),
    retryAfterSeconds(reply.getResponseHeader('Retry-After')),
  );
}

export function bridgeTransport(tokens: TokenSource): Transport {
  return {
    sendFile: (path, file, options) => sendFile(tokens, path, file, options),
    createFolder: async (path) => {
      await createFolder(parentOf(path), nameOf(path), true);
    },
    look: async (path, signal) => {
      try {
        return (await stat(path, signal)).type;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    connected: whenConnected,
  };
}
