/* SPDX-License-Identifier: MIT */
import { encodePath } from '../lib/paths';
import { api } from './index';
import type { Access, FileItem, FilePage, Job, SortField, SortOrder, TrashItem, Usage } from './types';

/* The routes of /api/files. The whole path is percent-encoded, slashes too: the bridge decodes it exactly once. */

const whole = (path: string): string => encodeURIComponent(path);

export function listPage(
  path: string,
  sort: SortField,
  order: SortOrder,
  cursor: string | null,
  limit: number,
  signal?: AbortSignal,
): Promise<FilePage> {
  return api.json('GET', '/files/list', { query: { path, sort, order, cursor, limit }, signal });
}

export function stat(path: string, signal?: AbortSignal): Promise<FileItem> {
  return api.json('GET', '/files/stat', { query: { path }, signal });
}

export async function createFolder(path: string, name: string, parents = false): Promise<FileItem> {
  const reply = await api.json<{ folder: FileItem }>('POST', '/files/folder', { body: { path, name, parents } });
  return reply.folder;
}

export async function rename(path: string, newName: string): Promise<void> {
  await api.json('PUT', '/files/rename', { body: { path, new_name: newName } });
}

export async function move(source: string, target: string): Promise<void> {
  await api.json('PUT', '/files/move', { body: { source_path: source, target_path: target } });
}

export async function copy(source: string, target: string): Promise<string> {
  const reply = await api.json<{ job_id: string }>('POST', '/files/copy', {
    body: { source_path: source, target_path: target, keep_both: true },
  });
  return reply.job_id;
}

/** Moves to the trash; the answer is for restore(), null when there was nothing. */
export async function remove(path: string): Promise<string | null> {
  const reply = await api.json<{ trash_id: string | null }>('DELETE', `/files/${whole(path)}`);
  return reply.trash_id;
}

export async function listTrash(all: boolean, signal?: AbortSignal): Promise<TrashItem[]> {
  const reply = await api.json<{ items: TrashItem[] }>('GET', '/files/trash', { query: { all }, signal });
  return reply.items;
}

export async function restore(trashId: string, keepBoth = false): Promise<string> {
  const reply = await api.json<{ path: string }>('POST', `/files/trash/${whole(trashId)}/restore`, {
    body: { keep_both: keepBoth, parents: true },
  });
  return reply.path;
}

export async function purge(trashId: string): Promise<number> {
  const reply = await api.json<{ freed_bytes: number }>('DELETE', `/files/trash/${whole(trashId)}`);
  return reply.freed_bytes;
}

export async function emptyTrash(): Promise<number> {
  const reply = await api.json<{ freed_bytes: number }>('DELETE', '/files/trash');
  return reply.freed_bytes;
}

export function usage(signal?: AbortSignal): Promise<Usage> {
  return api.json('GET', '/files/usage', { signal });
}

export function access(path: string, signal?: AbortSignal): Promise<Access> {
  return api.json('GET', '/files/access', { query: { path }, signal });
}

export function job(id: string): Promise<Job> {
  return api.json('GET', `/jobs/${whole(id)}`);
}

export async function cancelJob(id: string): Promise<void> {
  await api.json('DELETE', `/jobs/${whole(id)}`);
}

/** The address of a file's content. Needs no token: the browser sends the session's media cookie with it. */
export function contentUrl(path: string, inline = false): string {
  return `/api/files/download/${whole(path)}${inline ? '?inline=true' : ''}`;
}

/** The first `limit` bytes of a file. */
export async function readStart(path: string, limit: number, signal?: AbortSignal): Promise<Uint8Array> {
  const reply = await api.raw('GET', `/files/download/${whole(path)}`, {
    headers: { Range: `bytes=0-${limit - 1}`, Accept: '*/*' },
    signal,
  });
  return new Uint8Array(await reply.arrayBuffer());
}

/** The page of a folder. */
export function folderHref(path: string): string {
  return path === '' ? '/files' : `/files/${encodePath(path)}`;
}
