/* SPDX-License-Identifier: MIT */
import { api } from './index';
import type { SessionInfo, User, UserChanges, UserList } from './types';

export function listUsers(signal?: AbortSignal): Promise<UserList> {
  return api.json('GET', '/users', { signal });
}

export function createUser(user: UserChanges & { username: string; password: string }): Promise<User> {
  return api.json('POST', '/users', { body: user });
}

export function updateUser(id: string, changes: UserChanges): Promise<User> {
  return api.json('PATCH', `/users/${encodeURIComponent(id)}`, { body: changes });
}

export async function deleteUser(id: string, files: 'keep' | 'trash'): Promise<void> {
  await api.json('DELETE', `/users/${encodeURIComponent(id)}`, { query: { files } });
}

export async function changePassword(current: string, next: string): Promise<void> {
  await api.json('POST', '/auth/change-password', { body: { current_password: current, new_password: next } });
}

export async function listSessions(signal?: AbortSignal): Promise<SessionInfo[]> {
  const reply = await api.json<{ sessions: SessionInfo[] }>('GET', '/auth/sessions', { signal });
  return reply.sessions;
}

export async function revokeSession(id: string): Promise<void> {
  await api.json('DELETE', `/auth/sessions/${encodeURIComponent(id)}`);
}
