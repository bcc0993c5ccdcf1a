/* SPDX-License-Identifier: MIT */
// What the bridge answers. Times are ISO 8601 in UTC, sizes bytes, ids decimal strings (they may exceed what a number can hold).

export interface User {
  id: string;
  username: string;
  email: string;
  role: 'admin' | 'user';
  is_active: boolean;
  created_at: string | null;
  /** null: no limit of their own */
  quota_bytes: number | null;
  used_bytes: number;
  uid: number | null;
}

export interface LoginReply {
  access_token: string;
  /** lifetime of the access token in seconds */
  expires_in: number;
  user: User;
}

export interface SetupState {
  setup_required: boolean;
  registration_open: boolean;
  development_mode: boolean;
}

export interface SessionInfo {
  session_id: string;
  created_at: string;
  last_used_at: string;
  expires_at: string;
  client_address: string;
  client_agent: string;
  is_current: boolean;
}

export interface FileItem {
  id: string;
  name: string;
  path: string;
  size: number;
  type: 'file' | 'directory';
  modified_at: string | null;
  owner_id: string | null;
  etag: string;
  is_writable: boolean;
}

export interface FileStat extends FileItem {
  owner_name: string;
  content_type: string;
}

export interface FilePage {
  files: FileItem[];
  next_cursor: string | null;
  total: number;
}

export type SortField = 'name' | 'size' | 'modified';
export type SortOrder = 'asc' | 'desc';

export interface Usage {
  used_bytes: number;
  trash_bytes: number;
  reserved_bytes: number;
  quota_bytes: number | null;
  total_used_bytes: number;
  total_quota_bytes: number | null;
  available_bytes: number;
  filesystem_bytes: number;
  filesystem_free_bytes: number;
}

export interface TrashItem {
  trash_id: string;
  path: string;
  type: 'file' | 'directory';
  size: number;
  deleted_at: string;
  expires_at: string | null;
  owner_id: string | null;
}

export interface Access {
  may_view: boolean;
  may_change: boolean;
  may_add: boolean;
  rule: string;
  explanation: string;
}

export interface Job {
  id: string;
  operation: string;
  state: 'running' | 'succeeded' | 'failed' | 'cancelled';
  /** percent; null while the size of the work is not known */
  progress: number | null;
  bytes_done: number;
  bytes_total: number;
  /** bytes a second */
  rate: number;
  expected_end_at: string | null;
  result: string | null;
  error: string | null;
}

export interface UserList {
  users: User[];
  total: number;
  active: number;
  inactive: number;
  admins: number;
}

export interface UserChanges {
  username?: string;
  email?: string;
  password?: string;
  role?: User['role'];
  is_active?: boolean;
  quota_bytes?: number | null;
}

export interface Health {
  status: string;
  version: string;
}
