/* SPDX-License-Identifier: MIT */
import { useQuery } from '@tanstack/react-query';
import { usage } from '../api/files';
import type { Usage } from '../api/types';
import { formatBytes, formatExactBytes } from '../lib/format';
import { cx } from '../ui/cx';

export const usageKey = ['usage'] as const;

export interface Meter {
  /** 0 to 1 */
  fraction: number;
  used: number;
  /** null: there is no limit that is worth a bar */
  of: number | null;
  free: number;
}

/** What limits the caller: their own quota, that of the NAS, or else the disk. */
export function meterOf(of: Usage): Meter {
  const free = of.available_bytes;
  if (of.quota_bytes !== null) {
    return {
      fraction: Math.min(1, of.used_bytes / Math.max(1, of.quota_bytes)),
      used: of.used_bytes,
      of: of.quota_bytes,
      free,
    };
  }
  if (of.total_quota_bytes !== null) {
    const total = of.total_quota_bytes;
    return {
      fraction: Math.min(1, of.total_used_bytes / Math.max(1, total)),
      used: of.total_used_bytes,
      of: total,
      free,
    };
  }
  const used = of.filesystem_bytes - of.filesystem_free_bytes;
  return { fraction: Math.min(1, used / Math.max(1, of.filesystem_bytes)), used, of: of.filesystem_bytes, free };
}

export function StorageMeter() {
  const { data } = useQuery({ queryKey: usageKey, queryFn: ({ signal }) => usage(signal), staleTime: 10_000 });
  if (!data) return null;
  const meter = meterOf(data);
  const percent = Math.round(meter.fraction * 100);
  const tight = meter.fraction >= 0.9;
  return (
    <section aria-label="Storage" className="mb-1 rounded-xl px-3 py-3">
      <div className="mb-2 flex items-baseline justify-between text-xs">
        <span className="font-medium">Storage</span>
        <span className={cx('tabular-nums', tight ? 'font-medium text-danger' : 'text-soft')}>
          {tight ? 'almost full' : `${percent} %`}
        </span>
      </div>
      <div
        role="meter"
        aria-label="Used space"
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={`${formatBytes(meter.used)} used, ${formatBytes(meter.free)} free`}
        className="h-1.5 overflow-hidden rounded-full bg-pressed"
      >
        <div
          className={cx('h-full rounded-full', tight ? 'bg-danger-solid' : 'bg-accent-solid')}
          style={{ width: `${Math.max(meter.used > 0 ? 1.5 : 0, meter.fraction * 100)}%` }}
        />
      </div>
      <p className="mt-2 text-xs text-soft tabular-nums" title={`${formatExactBytes(meter.free)} free`}>
        {formatBytes(meter.free)} free
        {meter.of !== null && ` of ${formatBytes(meter.of)}`}
      </p>
    </section>
  );
}
