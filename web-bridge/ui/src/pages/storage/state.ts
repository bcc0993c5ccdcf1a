/* SPDX-License-Identifier: MIT */
import {
  CircleCheck,
  CircleDashed,
  CircleHelp,
  CircleSlash,
  LoaderCircle,
  type LucideIcon,
  OctagonAlert,
  ScanSearch,
  TriangleAlert,
} from 'lucide-react';
import type { ArrayMember, DiskInfo, PoolInfo, RaidArray } from '../../api/types';
import { formatBytes, formatDuration, plural } from '../../lib/format';

/** How a state looks: never by colour alone, always with a word and an icon. */
export interface Look {
  word: string;
  icon: LucideIcon;
  /** classes of a badge */
  tone: string;
}

const GOOD = 'bg-good-tint text-good';
const WARN = 'bg-warn-tint text-warn';
const BAD = 'bg-danger-tint text-danger';
const QUIET = 'bg-hover text-soft';
const BUSY = 'bg-tint text-accent';

const DISKS: Record<DiskInfo['state'], Look> = {
  healthy: { word: 'Healthy', icon: CircleCheck, tone: GOOD },
  warning: { word: 'Warning', icon: TriangleAlert, tone: WARN },
  failing: { word: 'Failing', icon: OctagonAlert, tone: BAD },
  failed: { word: 'Failed', icon: OctagonAlert, tone: BAD },
  absent: { word: 'Absent', icon: CircleDashed, tone: BAD },
  unknown: { word: 'Not known', icon: CircleHelp, tone: QUIET },
};

const ARRAYS: Record<RaidArray['state'], Look> = {
  optimal: { word: 'Optimal', icon: CircleCheck, tone: GOOD },
  degraded: { word: 'Degraded', icon: TriangleAlert, tone: BAD },
  rebuilding: { word: 'Rebuilding', icon: LoaderCircle, tone: WARN },
  checking: { word: 'Checking', icon: ScanSearch, tone: BUSY },
  failed: { word: 'Failed', icon: OctagonAlert, tone: BAD },
  inactive: { word: 'Stopped', icon: CircleSlash, tone: QUIET },
  absent: { word: 'Absent', icon: CircleDashed, tone: BAD },
};

const POOLS: Record<PoolInfo['state'], Look> = {
  ready: { word: 'Ready', icon: CircleCheck, tone: GOOD },
  degraded: { word: 'Degraded', icon: TriangleAlert, tone: WARN },
  unmounted: { word: 'Not mounted', icon: CircleSlash, tone: QUIET },
  absent: { word: 'Absent', icon: CircleDashed, tone: BAD },
  failed: { word: 'Failed', icon: OctagonAlert, tone: BAD },
};

const MEMBERS: Record<ArrayMember['state'], Look> = {
  active: { word: 'Active', icon: CircleCheck, tone: GOOD },
  spare: { word: 'Spare', icon: CircleDashed, tone: QUIET },
  failed: { word: 'Failed', icon: OctagonAlert, tone: BAD },
  rebuilding: { word: 'Rebuilding', icon: LoaderCircle, tone: WARN },
  missing: { word: 'Missing', icon: CircleDashed, tone: BAD },
  'write-mostly': { word: 'Write-mostly', icon: CircleCheck, tone: GOOD },
};

export const lookOfDisk = (disk: DiskInfo): Look => DISKS[disk.state];
export const lookOfArray = (array: RaidArray): Look => ARRAYS[array.state];
export const lookOfPool = (pool: PoolInfo): Look => POOLS[pool.state];
export const lookOfMember = (member: ArrayMember): Look => MEMBERS[member.state];

const USAGES: Record<DiskInfo['usage'], string> = {
  system: 'System',
  array: 'In an array',
  pool: 'Pool',
  mounted: 'In use elsewhere',
  foreign: 'Belongs to something else',
  data: 'Has data on it',
  free: 'Free',
};

export function usageOf(disk: DiskInfo, arrays: readonly RaidArray[] = []): string {
  const array = arrays.find((one) => one.path === disk.array);
  return array === undefined ? USAGES[disk.usage] : array.name;
}

const HUES = ['bg-folder', 'bg-image', 'bg-video', 'bg-audio', 'bg-archive'];

/** The dot by which a bay and its array are seen to belong together; the name says so, too. */
export function hueOf(path: string | null, arrays: readonly RaidArray[]): string | null {
  const index = arrays.findIndex((array) => array.path === path);
  return index < 0 ? null : (HUES[index % HUES.length] ?? null);
}

/** How people tell disks apart: the bay, else the kernel's name; and the serial number that is printed on it. */
export function bayName(disk: Pick<DiskInfo, 'slot' | 'name'>): string {
  return disk.slot === '' ? disk.name : disk.slot;
}

export function serialEnd(serial: string): string {
  return serial.length > 16 ? `…${serial.slice(-12)}` : serial;
}

/** Whether it can become part of something new. The NAS decides; this only keeps what it would refuse out of the way. */
export function isUsable(disk: DiskInfo): boolean {
  return disk.present && (disk.usage === 'free' || disk.usage === 'data');
}

const ACTIONS: Record<string, string> = {
  resync: 'First sync',
  recover: 'Rebuild',
  check: 'Check',
  repair: 'Check and correct',
  reshape: 'Reshape',
};

/** "Rebuild 42 % · 118 MB/s · 1 h 20 min left"; null when nothing goes on. */
export function syncText(array: RaidArray, now = Date.now()): string | null {
  const action = ACTIONS[array.sync_action];
  if (action === undefined) return null;
  const parts = [`${action} ${Math.floor(array.sync_progress)} %`];
  if (array.sync_rate > 0) parts.push(`${formatBytes(array.sync_rate)}/s`);
  const left = array.sync_end_at ? (Date.parse(array.sync_end_at) - now) / 1000 : 0;
  if (left > 0) parts.push(`${formatDuration(left)} left`);
  return parts.join(' · ');
}

/** "raid1" → "RAID 1" */
export const levelName = (level: string): string => level.replace(/^raid/, 'RAID ');

/** How many disks may fail, whichever they are: "no disk", "any 1 disk". */
export function mayFail(survives: number): string {
  return survives === 0 ? 'no disk' : `any ${plural(survives, 'disk')}`;
}

const PREDICATES: Record<string, string> = { failed: 'has failed', warning: 'has a warning' };

/** One sentence about everything, and how it looks. */
export function summaryOf(disks: readonly DiskInfo[], arrays: readonly RaidArray[]): Look {
  const wrong = [
    ...arrays.filter((array) => !['optimal', 'checking', 'inactive'].includes(array.state)),
    ...disks.filter((disk) => ['warning', 'failing', 'failed', 'absent'].includes(disk.state)),
  ];
  const said = wrong.map((one) => {
    const name = 'uuid' in one ? one.name : bayName(one);
    return `${name} ${PREDICATES[one.state] ?? `is ${one.state}`}`;
  });
  if (said.length > 0) {
    const lost = wrong.some((one) => ['failed', 'failing', 'absent', 'degraded'].includes(one.state));
    return { word: `${said.join(', ')}.`, icon: lost ? OctagonAlert : TriangleAlert, tone: lost ? BAD : WARN };
  }
  const healthy = disks.filter((disk) => disk.state === 'healthy').length;
  const parts = [`${plural(healthy, 'disk')} healthy`];
  if (arrays.length > 0) parts.push(`${plural(arrays.length, 'array')} whole`);
  return { word: `All is well: ${parts.join(', ')}.`, icon: CircleCheck, tone: GOOD };
}

/** What a pool is made on. */
export interface Target {
  path: string;
  name: string;
}

/** What people call a disk or an array; "" when it is not known. */
export function nameOf(path: string | null, disks: readonly DiskInfo[], arrays: readonly RaidArray[]): string {
  const disk = disks.find((one) => one.path === path);
  if (disk) return bayName(disk);
  return arrays.find((one) => one.path === path)?.name ?? '';
}
