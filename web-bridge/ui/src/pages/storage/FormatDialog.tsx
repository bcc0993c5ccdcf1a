/* SPDX-License-Identifier: MIT */
import { useState } from 'react';
import { makePlan } from '../../api/storage';
import type { PlanReply } from '../../api/types';
import { AppDialog, DialogActions } from '../../ui/AppDialog';
import { Button } from '../../ui/Button';
import { SelectField, TextField } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { PlanDialog } from './PlanDialog';
import type { Target } from './state';

const ABOUT: Record<string, string> = {
  ext4: 'ext4: proven, can grow',
  xfs: 'XFS: for large files, can grow',
  btrfs: 'Btrfs: checksums and snapshots',
};

interface FormatDialogProps {
  target: Target;
  filesystems: readonly string[];
  onClose: () => void;
}

export function FormatDialog({ target, filesystems, onClose }: FormatDialogProps) {
  const [name, setName] = useState('');
  const [filesystem, setFilesystem] = useState(filesystems[0] ?? 'ext4');
  const [plan, setPlan] = useState<PlanReply | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function look(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      setPlan(await makePlan('format', { target: target.path, name: name.trim(), filesystem }));
    } catch (refused) {
      setError(refused instanceof Error ? refused.message : String(refused));
    }
    setBusy(false);
  }

  if (plan !== null) return <PlanDialog reply={plan} onClose={onClose} onBack={() => setPlan(null)} />;
  return (
    <AppDialog title={`New pool on ${target.name}`} onClose={onClose}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void look();
        }}
      >
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
        <SelectField
          label="Filesystem"
          options={filesystems.map((one) => ({ value: one, label: ABOUT[one] ?? one }))}
          value={filesystem}
          onChange={(event) => setFilesystem(event.target.value)}
        />
        {error && <Notice>{error}</Notice>}
        <DialogActions>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isDisabled={busy || name.trim() === ''}>
            See what happens
          </Button>
        </DialogActions>
      </form>
    </AppDialog>
  );
}
