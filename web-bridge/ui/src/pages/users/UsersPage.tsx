/* SPDX-License-Identifier: MIT */
import type { User } from '../../api/types';

export default function UsersPage(_: { user: User }) {
  return <h1>Users</h1>;
}
