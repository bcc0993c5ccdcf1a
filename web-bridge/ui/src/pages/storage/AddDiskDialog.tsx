/* SPDX-License-Identifier: MIT */
import { useState } from 'react';
import { makePlan } from '../../api/storage';
import type { DiskInfo, PlanReply, RaidArray } from '../../api/types';
import { formatBytes } from '../../lib/format';
import { AppDialog, DialogActions } from '../../ui/AppDialog';
import { Button } from '../../ui/Button';
import { SelectField } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { bayName, isUsable, serialEnd } from './state';

interface AddDiskDialogProps {
  array: RaidArray;
  disks: readonly DiskInfo[];
  onClose: () => void;
  onPlan: (plan: PlanReply) => void;
}

/** Chooses the disk that becomes a spare, or takes the place of a missing member. */
export function AddDiskDialog({ array, disks, onClose, onPlan }: AddDiskDialogProps) {
  const usable = disks.filter(isUsable);
  const [disk, setDisk] = useState(usable[0]?.path ?? '');
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function look(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      const plan = await makePlan('add', { array: array.path, disk });
      onClose();
      onPlan(plan);
    } catch (refused) {
      setError(refused instanceof Error ? refused.message : String(refused));
      setBusy(false);
    }
  }

  return (
    <AppDialog title={`Add a disk to ${array.name}`} onClose={onClose}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void look();
        }}
      >
        {usable.length === 0 ? (
          <p className="text-sm text-soft">No disk is free.</p>
        ) : (
          <SelectField
            label="Disk"
            value={disk}
            onChange={(event) => setDisk(event.target.value)}
            options={usable.map((one) => ({
              value: one.path,
              label: `${bayName(one)}: ${one.model}, serial ${serialEnd(one.serial)}, ${formatBytes(one.size)}`,
            }))}
          />
        )}
        {error && <Notice>{error}</Notice>}
        <DialogActions>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isDisabled={busy || disk === ''}>
            See what happens
          </Button>
        </DialogActions>
      </form>
    </AppDialog>
  );
}
