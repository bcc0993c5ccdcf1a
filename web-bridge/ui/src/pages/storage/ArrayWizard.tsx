/* SPDX-License-Identifier: MIT */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { compareLevels, makePlan } from '../../api/storage';
import type { DiskInfo, PlanReply } from '../../api/types';
import { formatBytes } from '../../lib/format';
import { AppDialog, DialogActions } from '../../ui/AppDialog';
import { Button } from '../../ui/Button';
import { cx } from '../../ui/cx';
import { inputBase, TextField } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { LevelTable } from './LevelTable';
import { PlanDialog } from './PlanDialog';
import { bayName, isUsable, serialEnd } from './state';

/** A free name: md0, md1, … */
export function freeName(taken: readonly string[]): string {
  for (let number = 0; ; number += 1) if (!taken.includes(`md${number}`)) return `md${number}`;
}

interface WizardProps {
  disks: readonly DiskInfo[];
  taken: readonly string[];
  onClose: () => void;
}

/** Choose disks, compare the levels for just these, see what would be lost, confirm. */
export function ArrayWizard({ disks, taken, onClose }: WizardProps) {
  const usable = disks.filter(isUsable);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [spares, setSpares] = useState(0);
  const [level, setLevel] = useState<string | null>(null);
  const [name, setName] = useState(() => freeName(taken));
  const [plan, setPlan] = useState<PlanReply | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const paths = usable.filter((disk) => chosen.has(disk.path)).map((disk) => disk.path);
  const levels = useQuery({
    queryKey: ['levels', spares, ...paths],
    queryFn: ({ signal }) => compareLevels(paths, spares, signal),
    enabled: paths.length > 0,
    placeholderData: (before) => before,
  });
  const shown = paths.length > 0 ? levels.data : undefined;
  const possible = shown?.find((one) => one.level === level)?.possible === true;

  function toggle(path: string): void {
    const next = new Set(chosen);
    if (!next.delete(path)) next.add(path);
    setChosen(next);
    setSpares(Math.min(spares, Math.max(0, next.size - 2)));
  }

  async function look(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      const members = paths.slice(0, paths.length - spares);
      setPlan(
        await makePlan('array', { name: name.trim(), level, disks: members, spares: paths.slice(members.length) }),
      );
    } catch (refused) {
      setError(refused instanceof Error ? refused.message : String(refused));
    }
    setBusy(false);
  }

  if (plan !== null) return <PlanDialog reply={plan} onClose={onClose} onBack={() => setPlan(null)} />;
  return (
    <AppDialog title="New array" wide="extra" onClose={onClose}>
      <form
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          void look();
        }}
      >
        <fieldset className="flex min-w-0 flex-col gap-1.5">
          <legend className="mb-1.5 text-sm font-medium">Disks</legend>
          {usable.length === 0 && <p className="text-sm text-soft">No disk is free.</p>}
          <div className="grid grid-cols-[repeat(auto-fill,minmax(min(20rem,100%),1fr))] gap-2">
            {usable.map((disk) => (
              <label
                key={disk.path}
                className={cx(
                  'flex items-center gap-3 rounded-xl border px-3 py-2 text-sm',
                  chosen.has(disk.path) ? 'border-accent bg-tint' : 'border-line',
                )}
              >
                <input
                  type="checkbox"
                  className="size-4.5"
                  checked={chosen.has(disk.path)}
                  onChange={() => toggle(disk.path)}
                />
                <span className="min-w-0 grow">
                  <span className="block truncate">
                    <span className="font-medium">{bayName(disk)}</span> <span className="text-soft">{disk.model}</span>
                  </span>
                  <span className="block text-xs text-soft tabular-nums">serial {serialEnd(disk.serial)}</span>
                  {disk.usage === 'data' && (
                    <span className="block text-xs font-medium text-danger [overflow-wrap:anywhere]">
                      Would be lost: {disk.contents}
                    </span>
                  )}
                </span>
                <span className="shrink-0 text-soft tabular-nums">{formatBytes(disk.size)}</span>
              </label>
            ))}
          </div>
        </fieldset>
        {paths.length > 2 && (
          <label className="flex items-center gap-3 text-sm">
            Of these, keep as spares
            <input
              type="number"
              className={cx(inputBase, 'w-20')}
              min={0}
              max={paths.length - 2}
              value={spares}
              onChange={(event) => setSpares(Math.max(0, Math.min(paths.length - 2, event.target.valueAsNumber || 0)))}
            />
          </label>
        )}
        {levels.error && <Notice>{levels.error.message}</Notice>}
        {shown && (
          <fieldset className="flex min-w-0 flex-col gap-2">
            <legend className="mb-1.5 text-sm font-medium">Level</legend>
            <LevelTable levels={shown} chosen={level} onChoose={setLevel} />
          </fieldset>
        )}
        <TextField
          label="Name"
          required
          maxLength={32}
          autoComplete="off"
          spellCheck={false}
          pattern="[A-Za-z0-9][A-Za-z0-9_\-]*"
          title="Letters, digits, “-” and “_”, beginning with a letter or digit"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        {error && <Notice>{error}</Notice>}
        <DialogActions>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isDisabled={busy || !possible}>
            See what happens
          </Button>
        </DialogActions>
      </form>
    </AppDialog>
  );
}
