/* SPDX-License-Identifier: MIT */
import { type FormEvent, useState } from 'react';
import type { User, UserChanges } from '../../api/types';
import { createUser, updateUser } from '../../api/users';
import { formatExactBytes } from '../../lib/format';
import { AppDialog, DialogActions } from '../../ui/AppDialog';
import { Button } from '../../ui/Button';
import { SelectField, TextField } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { PasswordField } from '../login/PasswordField';
import { readQuota, writeQuota } from './quota';
import { readUid } from './uid';

const ROLES = [
  { value: 'user', label: 'User: own files, and what belongs to nobody' },
  { value: 'admin', label: 'Administrator: everything' },
];

interface UserDialogProps {
  /** null: a new one */
  user: User | null;
  onClose: () => void;
  onSaved: (user: User) => void;
}

export function UserDialog({ user, onClose, onSaved }: UserDialogProps) {
  const [username, setUsername] = useState(user?.username ?? '');
  const [email, setEmail] = useState(user?.email ?? '');
  const [role, setRole] = useState<User['role']>(user?.role ?? 'user');
  const [quota, setQuota] = useState(writeQuota(user?.quota_bytes ?? null));
  const [unixUser, setUnixUser] = useState(user?.uid?.toString() ?? '');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const quotaBytes = readQuota(quota);
  const uid = readUid(unixUser);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (quotaBytes === undefined || uid === undefined) return;
    setBusy(true);
    setError(null);
    try {
      const values = { username: username.trim(), email: email.trim(), role, quota_bytes: quotaBytes };
      if (user === null) onSaved(await createUser({ ...values, password, ...(uid === null ? {} : { uid }) }));
      else {
        const changes: UserChanges = {};
        if (values.username !== user.username) changes.username = values.username;
        if (values.email !== user.email) changes.email = values.email;
        if (values.role !== user.role) changes.role = values.role;
        if (values.quota_bytes !== user.quota_bytes) changes.quota_bytes = values.quota_bytes;
        if (uid !== user.uid) changes.uid = uid;
        if (password !== '') changes.password = password;
        onSaved(Object.keys(changes).length === 0 ? user : await updateUser(user.id, changes));
      }
      onClose();
    } catch (refused) {
      setError(refused instanceof Error ? refused.message : String(refused));
      setBusy(false);
    }
  }

  return (
    <AppDialog title={user === null ? 'New user' : `Edit “${user.username}”`} onClose={onClose}>
      <form className="flex flex-col gap-4" autoComplete="off" onSubmit={(event) => void submit(event)}>
        {error && <Notice>{error}</Notice>}
        <TextField
          label="Name"
          autoFocus
          required
          maxLength={64}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          pattern="[A-Za-z0-9][A-Za-z0-9._\-]*"
          title="Letters, digits, “.”, “_” and “-”, beginning with a letter or digit"
          value={username}
          onChange={(event) => setUsername(event.target.value)}
        />
        <TextField
          label="E-mail (optional)"
          type="email"
          autoComplete="off"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <PasswordField
          label={user === null ? 'Password' : 'New password'}
          name="new-password"
          autoComplete="new-password"
          required={user === null}
          hint={
            user === null
              ? 'At least 8 characters'
              : 'Leave it empty to keep the present one. A new one signs the user out everywhere.'
          }
          value={password}
          onChange={setPassword}
        />
        <SelectField
          label="Role"
          options={ROLES}
          value={role}
          onChange={(event) => setRole(event.target.value as User['role'])}
        />
        <TextField
          label="Quota"
          placeholder="No limit of their own"
          autoComplete="off"
          value={quota}
          error={quotaBytes === undefined ? 'A size like “50 GB”, or nothing' : null}
          hint={quotaBytes ? formatExactBytes(quotaBytes) : 'A size like “50 GB”'}
          onChange={(event) => setQuota(event.target.value)}
        />
        <TextField
          label="Unix user (optional)"
          inputMode="numeric"
          autoComplete="off"
          placeholder="Nobody"
          value={unixUser}
          error={uid === undefined ? 'A number, as “id -u” prints it, or nothing' : null}
          hint="Number of a user of this machine, who then is this account without signing in: in the desktop app and the shell"
          onChange={(event) => setUnixUser(event.target.value)}
        />
        <DialogActions>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isDisabled={busy || quotaBytes === undefined || uid === undefined}>
            {user === null ? 'Create' : 'Save'}
          </Button>
        </DialogActions>
      </form>
    </AppDialog>
  );
}
