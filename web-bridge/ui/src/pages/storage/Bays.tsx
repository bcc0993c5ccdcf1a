/* SPDX-License-Identifier: MIT */
import { useQuery } from '@tanstack/react-query';
import { CircleCheck, HardDrive, HeartCrack, Lock, type LucideIcon, OctagonAlert, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { simulateFailure } from '../../api/storage';
import type { DiskInfo, Effect, RaidArray } from '../../api/types';
import { formatBytes, formatExactBytes } from '../../lib/format';
import { Button } from '../../ui/Button';
import { cx } from '../../ui/cx';
import { Badge } from './Badge';
import { bayName, hueOf, lookOfDisk, serialEnd, usageOf } from './state';

const EFFECTS: Record<Effect['effect'], { icon: LucideIcon; tone: string }> = {
  unaffected: { icon: CircleCheck, tone: 'text-good' },
  degraded: { icon: TriangleAlert, tone: 'text-warn' },
  lost: { icon: OctagonAlert, tone: 'text-danger' },
};

interface BayProps {
  disk: DiskInfo;
  arrays: readonly RaidArray[];
  /** it is one of those that would die; null: nobody asks */
  dying: boolean | null;
  onPress: () => void;
}

function surface(disk: DiskInfo, dying: boolean | null): string {
  if (dying) return 'border-danger bg-danger-tint';
  if (!disk.present) return 'border-dashed border-line-strong bg-transparent hover:bg-hover';
  return 'border-line bg-surface shadow-card hover:bg-hover';
}

function Bay({ disk, arrays, dying, onPress }: BayProps) {
  const look = lookOfDisk(disk);
  const usage = usageOf(disk, arrays);
  const hue = hueOf(disk.array, arrays);
  const Icon = disk.usage === 'system' ? Lock : dying ? HeartCrack : HardDrive;
  return (
    <li className="min-w-0">
      <button
        type="button"
        aria-pressed={dying ?? undefined}
        aria-label={`${bayName(disk)}, ${disk.model}, serial ${disk.serial}, ${formatBytes(disk.size)}, ${look.word}, ${usage}`}
        onClick={onPress}
        className={cx(
          'flex h-full w-full flex-col gap-1.5 rounded-xl border p-3 text-left transition-colors',
          surface(disk, dying),
        )}
      >
        <span className="flex items-center gap-2">
          <Icon size={16} aria-hidden className={cx('shrink-0', dying ? 'text-danger' : 'text-soft')} />
          <span className="min-w-0 grow truncate text-sm font-semibold">{bayName(disk)}</span>
          <span className="shrink-0 text-xs text-soft tabular-nums" title={formatExactBytes(disk.size)}>
            {formatBytes(disk.size)}
          </span>
        </span>
        <span className="flex items-baseline gap-1 text-xs text-soft tabular-nums">
          <span className="truncate" title={disk.model}>
            {disk.model || 'Unknown model'}
          </span>
          {disk.temperature !== undefined && disk.present && (
            <span className="ml-auto shrink-0">{Math.round(disk.temperature)} °C</span>
          )}
        </span>
        <span className="truncate text-xs text-soft tabular-nums" title={disk.serial}>
          {serialEnd(disk.serial)}
        </span>
        <span className="mt-auto flex flex-wrap items-center justify-between gap-x-1 gap-y-1 pt-1">
          <Badge look={look} />
          <span className="inline-flex min-w-0 items-center gap-1.5 text-xs text-soft">
            {hue && <span aria-hidden className={cx('size-2 shrink-0 rounded-full', hue)} />}
            <span className="truncate">{usage}</span>
          </span>
        </span>
      </button>
    </li>
  );
}

function Effects({ disks, dying }: { disks: readonly DiskInfo[]; dying: ReadonlySet<string> }) {
  const paths = disks.filter((disk) => dying.has(disk.path)).map((disk) => disk.path);
  const { data, error } = useQuery({
    queryKey: ['simulate', ...paths],
    queryFn: ({ signal }) => simulateFailure(paths, signal),
    enabled: paths.length > 0,
    placeholderData: (before) => before,
  });
  return (
    <div role="status" className="rounded-xl border border-line bg-surface px-4 py-3 text-sm shadow-card">
      {paths.length === 0 && 'Choose the disks that would die. Nothing is changed by it.'}
      {error?.message}
      {paths.length > 0 && data?.length === 0 && 'No array or pool would notice.'}
      {paths.length > 0 && data && (
        <ul className="flex flex-col gap-1.5">
          {data.map((effect) => {
            const { icon: Icon, tone } = EFFECTS[effect.effect];
            return (
              <li key={`${effect.kind} ${effect.path}`} className={cx('flex gap-2 font-medium', tone)}>
                <Icon size={16} aria-hidden className="mt-0.5 shrink-0" />
                {effect.text}
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}

interface BaysProps {
  disks: readonly DiskInfo[];
  arrays: readonly RaidArray[];
  onOpen: (disk: DiskInfo) => void;
}

/** The disks as they sit in the machine, and what would happen if one of them died. */
export function Bays({ disks, arrays, onOpen }: BaysProps) {
  const [trying, setTrying] = useState(false);
  const [dying, setDying] = useState<ReadonlySet<string>>(new Set());

  function toggle(path: string): void {
    const next = new Set(dying);
    if (!next.delete(path)) next.add(path);
    setDying(next);
  }

  return (
    <section aria-labelledby="bays" className="flex flex-col gap-3">
      <div className="flex items-center gap-2">
        <h2 id="bays" className="grow text-sm font-semibold">
          Disks
        </h2>
        <Button
          kind={trying ? 'primary' : 'plain'}
          small
          aria-pressed={trying}
          onPress={() => {
            setTrying(!trying);
            setDying(new Set());
          }}
        >
          <HeartCrack size={14} aria-hidden />
          What if a disk dies?
        </Button>
      </div>
      <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(9.75rem,calc(50%-0.3125rem)),1fr))] gap-2.5">
        {disks.map((disk) => (
          <Bay
            key={disk.path}
            disk={disk}
            arrays={arrays}
            dying={trying ? dying.has(disk.path) : null}
            onPress={() => (trying ? toggle(disk.path) : onOpen(disk))}
          />
        ))}
      </ul>
      {trying && <Effects disks={disks} dying={dying} />}
    </section>
  );
}
