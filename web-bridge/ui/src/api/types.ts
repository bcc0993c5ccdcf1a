/* SPDX-License-Identifier: MIT */
import type { components, paths } from './schema';

/* What the bridge answers, out of its OpenAPI document. Times are ISO 8601 in UTC, sizes bytes, ids decimal strings (they may exceed what a number
 * can hold). Where the document must allow for more than this UI ever gets, the type is narrowed here. */

type Schemas = components['schemas'];

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** The JSON with which a route answers. */
type Reply<Path extends keyof paths, Verb extends Method, Status extends number = 200> = paths[Path][Verb] extends {
  responses: Record<Status, { content: { 'application/json': infer Body } }>;
}
  ? Body
  : never;

/** An account. The document knows a Unix user without one, too. */
export interface User extends Omit<Schemas['User'], 'id' | 'role'> {
  id: string;
  role: 'admin' | 'user';
}

export interface LoginReply extends Omit<Reply<'/api/auth/login', 'post'>, 'user'> {
  user: User;
}

export type SetupState = Schemas['Setup'];
export type SessionInfo = Schemas['Session'];
export type FileItem = Schemas['FileItem'];
export type FilePage = Reply<'/api/files/list', 'get'>;
export type Usage = Schemas['Usage'];
export type TrashItem = Schemas['TrashItem'];
export type Access = Reply<'/api/files/access', 'get'>;
export type Job = Schemas['Job'];

export type Alert = Schemas['Alert'];

export type StorageState = Schemas['StorageState'];
export type DiskInfo = Schemas['Disk'];
export type RaidArray = Schemas['Array'];
export type ArrayMember = Schemas['ArrayMember'];
export type PoolInfo = Schemas['Pool'];
export type PoolUser = Schemas['PoolUser'];
export type LevelInfo = Schemas['Level'];
export type Effect = Schemas['Effect'];
export type Plan = Schemas['Plan'];
export type PlanReply = Reply<'/api/storage/plans/array', 'post'>;
export type SmartAttribute = Schemas['SmartAttribute'];
export type SmartSample = Schemas['SmartSample'];

export interface UserList extends Omit<Reply<'/api/users', 'get'>, 'users'> {
  users: User[];
}

export type SortField = 'name' | 'size' | 'modified';
export type SortOrder = 'asc' | 'desc';

export interface UserChanges {
  username?: string;
  email?: string;
  password?: string;
  role?: User['role'];
  is_active?: boolean;
  quota_bytes?: number | null;
  /** null: no Unix user is this account any more */
  uid?: number | null;
}
