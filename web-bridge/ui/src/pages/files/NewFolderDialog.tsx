/* SPDX-License-Identifier: MIT */
import { type FormEvent, useState } from 'react';
import { createFolder } from '../../api/files';
import { nameProblem } from '../../lib/paths';
import { AppDialog, DialogActions } from '../../ui/AppDialog';
import { Button } from '../../ui/Button';
import { TextField } from '../../ui/Field';

interface NewFolderDialogProps {
  parent: string;
  onClose: () => void;
  onCreated: (name: string) => void;
}

export function NewFolderDialog({ parent, onClose, onCreated }: NewFolderDialogProps) {
  const [name, setName] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    const wanted = name.trim();
    const problem = nameProblem(wanted);
    if (problem !== null) {
      setError(problem);
      return;
    }
    setBusy(true);
    try {
      await createFolder(parent, wanted);
      onClose();
      onCreated(wanted);
    } catch (refused) {
      setError(refused instanceof Error ? refused.message : String(refused));
      setBusy(false);
    }
  }

  return (
    <AppDialog title="New folder" onClose={onClose}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <TextField
          label="Name"
          autoFocus
          autoComplete="off"
          spellCheck={false}
          value={name}
          error={error}
          onChange={(event) => {
            setName(event.target.value);
            setError(null);
          }}
        />
        <DialogActions>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isDisabled={busy}>
            Create
          </Button>
        </DialogActions>
      </form>
    </AppDialog>
  );
}
