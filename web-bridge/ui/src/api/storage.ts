/* SPDX-License-Identifier: MIT */
import { api } from './index';
import type {
  DiskInfo,
  Effect,
  LevelInfo,
  PlanReply,
  PoolInfo,
  PoolUser,
  RaidArray,
  SmartAttribute,
  SmartSample,
  StorageState,
} from './types';

/* The routes of /api/storage. Objects are named by their path below the root, "disks/ID", which is also how their routes begin. */

const of = (path: string): string => `/storage/${path.split('/').map(encodeURIComponent).join('/')}`;

export function storageState(signal?: AbortSignal): Promise<StorageState> {
  return api.json('GET', '/storage', { signal });
}

export async function listDisks(signal?: AbortSignal): Promise<DiskInfo[]> {
  return (await api.json<{ disks: DiskInfo[] }>('GET', '/storage/disks', { signal })).disks;
}

export async function listArrays(signal?: AbortSignal): Promise<RaidArray[]> {
  return (await api.json<{ arrays: RaidArray[] }>('GET', '/storage/arrays', { signal })).arrays;
}

export async function listPools(signal?: AbortSignal): Promise<PoolInfo[]> {
  return (await api.json<{ pools: PoolInfo[] }>('GET', '/storage/pools', { signal })).pools;
}

export async function compareLevels(
  disks: readonly string[],
  spares: number,
  signal?: AbortSignal,
): Promise<LevelInfo[]> {
  const body = { disks, spares };
  return (await api.json<{ levels: LevelInfo[] }>('POST', '/storage/compare-levels', { body, signal })).levels;
}

export async function simulateFailure(disks: readonly string[], signal?: AbortSignal): Promise<Effect[]> {
  return (await api.json<{ effects: Effect[] }>('POST', '/storage/simulate-failure', { body: { disks }, signal }))
    .effects;
}

export type PlanKind = 'array' | 'format' | 'delete' | 'add' | 'repair';

export function makePlan(kind: PlanKind, body: Record<string, unknown>): Promise<PlanReply> {
  return api.json('POST', `/storage/plans/${kind}`, { body });
}

/** Resolves with the id of the job that does it. */
export async function applyPlan(token: string): Promise<string> {
  return (await api.json<{ job_id: string }>('POST', '/storage/apply', { body: { token } })).job_id;
}

/** A verb of a disk, array or pool. Resolves with the id of its job, when it is one. */
export async function act(path: string, verb: string, body: Record<string, unknown> = {}): Promise<string | null> {
  const reply = await api.json<{ job_id?: string }>('POST', `${of(path)}/${verb}`, { body });
  return reply.job_id ?? null;
}

export async function setSlot(path: string, slot: string): Promise<void> {
  await api.json('PUT', `${of(path)}/slot`, { body: { slot } });
}

export async function smartOf(path: string, signal?: AbortSignal): Promise<SmartAttribute[]> {
  return (await api.json<{ attributes: SmartAttribute[] }>('GET', `${of(path)}/smart`, { signal })).attributes;
}

export async function smartHistory(path: string, attribute: number, signal?: AbortSignal): Promise<SmartSample[]> {
  const query = { attribute };
  return (await api.json<{ samples: SmartSample[] }>('GET', `${of(path)}/smart/history`, { query, signal })).samples;
}

export async function abortSelftest(path: string): Promise<void> {
  await api.json('DELETE', `${of(path)}/selftest`);
}

export async function adopt(source: string, name: string): Promise<void> {
  await api.json('POST', '/storage/adopt', { body: { source, name } });
}

export async function poolUsers(path: string, signal?: AbortSignal): Promise<PoolUser[]> {
  return (await api.json<{ users: PoolUser[] }>('GET', `${of(path)}/users`, { signal })).users;
}
