/* SPDX-License-Identifier: MIT */
import { expect, test } from 'vitest';
import type { User } from '../../api/types';
import { visibleUsers } from './filter';
import { readQuota, writeQuota } from './quota';
import { readUid } from './uid';

function user(username: string, values: Partial<User> = {}): User {
  return {
    id: username,
    username,
    email: `${username}@example.org`,
    role: 'user',
    is_active: true,
    created_at: null,
    quota_bytes: null,
    used_bytes: 0,
    uid: null,
    ...values,
  };
}

const everyone = [
  user('maria', { used_bytes: 3 }),
  user('admin', { role: 'admin', used_bytes: 9 }),
  user('alex', { is_active: false }),
];
const byName = { column: 'username', order: 'asc' } as const;
const names = (...args: Parameters<typeof visibleUsers>) => visibleUsers(...args).map((one) => one.username);

test('users are found by name or address, filtered and sorted', () => {
  expect(names(everyone, '', 'all', byName)).toEqual(['admin', 'alex', 'maria']);
  expect(names(everyone, 'MAR', 'all', byName)).toEqual(['maria']);
  expect(names(everyone, 'alex@', 'all', byName)).toEqual(['alex']);
  expect(names(everyone, '', 'admin', byName)).toEqual(['admin']);
  expect(names(everyone, '', 'disabled', byName)).toEqual(['alex']);
  expect(names(everyone, '', 'all', { column: 'used', order: 'desc' })).toEqual(['admin', 'maria', 'alex']);
});

test('a quota is read as typed and written so that saving does not change it', () => {
  expect(readQuota('')).toBeNull();
  expect(readQuota('50 GB')).toBe(50_000_000_000);
  expect(readQuota('a lot')).toBeUndefined();
  expect(readQuota('0')).toBeUndefined();
  for (const bytes of [null, 50_000_000_000, 1_500_000_000, 5_368_709_120, 1, 123_456_789]) {
    expect(readQuota(writeQuota(bytes))).toBe(bytes);
  }
});

test('a Unix user is a whole number that the kernel knows, or nobody', () => {
  expect(readUid('')).toBeNull();
  expect(readUid(' 1000 ')).toBe(1000);
  expect(readUid('0')).toBe(0);
  for (const text of ['alex', '-1', '1.5', '4294967295', '1e3']) expect(readUid(text)).toBeUndefined();
});
