/* SPDX-License-Identifier: MIT */
import { useState } from 'react';
import { adopt } from '../../api/storage';
import { AppDialog, DialogActions } from '../../ui/AppDialog';
import { Button } from '../../ui/Button';
import { TextField } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { showToast } from '../../ui/toasts';
import type { Target } from './state';

/** Makes a pool of a filesystem that is there, with all that is in it: nothing is lost. */
export function AdoptDialog({ source, onClose }: { source: Target; onClose: () => void }) {
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function take(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await adopt(source.path, name.trim());
      showToast(`“${name.trim()}” is a pool now`);
      onClose();
    } catch (refused) {
      setError(refused instanceof Error ? refused.message : String(refused));
      setBusy(false);
    }
  }

  return (
    <AppDialog title={`Take over what is on ${source.name}`} onClose={onClose}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void take();
        }}
      >
        <p className="text-sm">Its filesystem becomes a pool of this NAS, with everything that is in it.</p>
        <TextField
          label="Name"
          autoFocus
          required
          maxLength={64}
          autoComplete="off"
          hint="Its folder at the top of Files is named so"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        {error && <Notice>{error}</Notice>}
        <DialogActions>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isDisabled={busy || name.trim() === ''}>
            Make it a pool
          </Button>
        </DialogActions>
      </form>
    </AppDialog>
  );
}
