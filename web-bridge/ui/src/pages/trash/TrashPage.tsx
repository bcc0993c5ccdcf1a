/* SPDX-License-Identifier: MIT */
import type { User } from '../../api/types';

export default function TrashPage(_: { user: User }) {
  return <h1>Trash</h1>;
}
