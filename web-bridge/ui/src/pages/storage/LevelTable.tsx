/* SPDX-License-Identifier: MIT */
import type { LevelInfo } from '../../api/types';
import { formatBytes, formatDuration, formatExactBytes } from '../../lib/format';
import { cx } from '../../ui/cx';
import { levelName, mayFail } from './state';

const KINDS: Record<string, string> = {
  raid0: 'striped',
  raid1: 'mirrored',
  raid5: 'one parity',
  raid6: 'two parities',
  raid10: 'mirrored, striped',
};

/** What can be stored, what is kept for safety, and what is of no use because the disks differ in size. */
function Space({ level }: { level: LevelInfo }) {
  const share = (bytes: number) => `${(100 * bytes) / Math.max(1, level.raw_bytes)}%`;
  return (
    <span aria-hidden className="flex h-1.5 overflow-hidden rounded-full bg-pressed">
      <span className="bg-accent-solid" style={{ width: share(level.usable_bytes) }} />
      <span
        className="bg-good/50"
        style={{ width: share(level.raw_bytes - level.usable_bytes - level.unused_bytes) }}
      />
    </span>
  );
}

function Fact({ name, children, title }: { name: string; children: string; title?: string }) {
  return (
    <span className="flex flex-col" title={title}>
      <span className="text-2xs text-soft">{name}</span>
      <span className="text-xs tabular-nums">{children}</span>
    </span>
  );
}

function Possible({ level }: { level: LevelInfo }) {
  return (
    <>
      <span className="text-base font-semibold tabular-nums" title={formatExactBytes(level.usable_bytes)}>
        {formatBytes(level.usable_bytes)}
        <span className="text-xs font-normal text-soft"> of {formatBytes(level.raw_bytes)}</span>
      </span>
      <Space level={level} />
      <span className="grid grid-cols-2 gap-x-2 gap-y-1.5 pt-1">
        <Fact name="May fail">{mayFail(level.survives)}</Fact>
        <Fact name="Rebuild">{level.sync_seconds > 0 ? `≈ ${formatDuration(level.sync_seconds)}` : 'none'}</Fact>
        <Fact name="Reading">{`× ${level.read_factor.toFixed(1)}`}</Fact>
        <Fact name="Writing">{`× ${level.write_factor.toFixed(1)}`}</Fact>
        {level.unused_bytes > 0 && (
          <Fact name="Of no use" title="The disks differ in size; the smallest decides">
            {formatBytes(level.unused_bytes)}
          </Fact>
        )}
      </span>
    </>
  );
}

interface LevelTableProps {
  levels: readonly LevelInfo[];
  chosen: string | null;
  onChoose: (level: string) => void;
}

/** The levels side by side, with numbers for just these disks. What is not possible stays in sight, with the reason. */
export function LevelTable({ levels, chosen, onChoose }: LevelTableProps) {
  return (
    <div className="grid grid-cols-[repeat(auto-fill,minmax(min(9.75rem,100%),1fr))] gap-2">
      {levels.map((level) => {
        const taken = level.possible && level.level === chosen;
        return (
          <label
            key={level.level}
            className={cx(
              'flex flex-col gap-1 rounded-xl border p-3 has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent',
              taken ? 'border-accent bg-tint' : 'border-line',
              !level.possible && 'cursor-default border-dashed text-soft',
            )}
          >
            <span className="flex items-center gap-2 text-sm font-semibold">
              <input
                type="radio"
                name="level"
                className="shrink-0 outline-none"
                disabled={!level.possible}
                checked={taken}
                onChange={() => onChoose(level.level)}
              />
              {levelName(level.level)}
            </span>
            <span className="text-xs text-soft">{KINDS[level.level]}</span>
            {level.possible ? <Possible level={level} /> : <span className="text-xs">{level.reason}</span>}
          </label>
        );
      })}
    </div>
  );
}
