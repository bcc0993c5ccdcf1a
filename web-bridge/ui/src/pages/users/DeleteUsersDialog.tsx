/* SPDX-License-Identifier: MIT */
import { useState } from 'react';
import type { User } from '../../api/types';
import { formatBytes, plural } from '../../lib/format';
import { AppDialog, DialogActions } from '../../ui/AppDialog';
import { Button } from '../../ui/Button';

interface DeleteUsersDialogProps {
  users: readonly User[];
  onClose: () => void;
  onConfirmed: (files: 'keep' | 'trash') => void;
}

const CHOICES = [
  { value: 'trash', label: 'Move them to the trash', more: 'They can be restored until the trash lets go of them.' },
  { value: 'keep', label: 'Keep them', more: 'They stay where they are and belong to you.' },
] as const;

export function DeleteUsersDialog({ users, onClose, onConfirmed }: DeleteUsersDialogProps) {
  const [files, setFiles] = useState<'keep' | 'trash'>('trash');
  const bytes = users.reduce((sum, user) => sum + user.used_bytes, 0);
  const who = users.length === 1 ? `“${users[0]?.username}”` : plural(users.length, 'user');
  return (
    <AppDialog title={`Delete ${who}?`} role="alertdialog" onClose={onClose}>
      <p className="text-sm text-soft">
        The {users.length === 1 ? 'account is' : 'accounts are'} gone at once and cannot be brought back.
      </p>
      <fieldset className="mt-4">
        <legend className="text-sm font-medium">
          What becomes of their files{bytes > 0 && ` (${formatBytes(bytes)})`}?
        </legend>
        <div className="mt-2 flex flex-col gap-2">
          {CHOICES.map((choice) => (
            <label
              key={choice.value}
              className="flex gap-3 rounded-xl border border-line px-3 py-2.5 text-sm has-checked:border-accent has-checked:bg-tint"
            >
              <input
                type="radio"
                name="files"
                className="mt-0.5 size-4 accent-accent-solid"
                checked={files === choice.value}
                onChange={() => setFiles(choice.value)}
              />
              <span>
                <span className="block font-medium">{choice.label}</span>
                <span className="block text-xs text-soft">{choice.more}</span>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      <DialogActions>
        <Button onPress={onClose} autoFocus>
          Cancel
        </Button>
        <Button
          kind="danger"
          onPress={() => {
            onClose();
            onConfirmed(files);
          }}
        >
          Delete
        </Button>
      </DialogActions>
    </AppDialog>
  );
}
