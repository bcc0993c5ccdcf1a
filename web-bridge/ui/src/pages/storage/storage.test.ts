/* SPDX-License-Identifier: MIT */
import { describe, expect, test } from 'vitest';
import type { DiskInfo, Plan, RaidArray, SmartAttribute } from '../../api/types';
import { freeName } from './ArrayWizard';
import { worstFirst } from './DiskSheet';
import { steps } from './HistoryChart';
import { destroys } from './PlanDialog';
import { bayName, isUsable, mayFail, serialEnd, summaryOf, syncText } from './state';

const array = { sync_action: 'recover', sync_progress: 42.7, sync_rate: 118e6, sync_end_at: null } as RaidArray;

describe('what goes on in an array', () => {
  test('is said with speed and time left', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(syncText({ ...array, sync_end_at: '2026-01-01T01:20:00Z' }, now)).toBe(
      'Rebuild 42 % · 118 MB/s · 1 h 20 min left',
    );
  });
  test('leaves out what is not known', () => {
    expect(syncText({ ...array, sync_rate: 0 })).toBe('Rebuild 42 %');
  });
  test('is nothing when it is idle or stopped', () => {
    expect(syncText({ ...array, sync_action: 'idle' })).toBeNull();
    expect(syncText({ ...array, sync_action: '' })).toBeNull();
  });
});

test('a bay is named by its slot, else as the kernel calls the disk', () => {
  expect(bayName({ slot: 'Bay 2', name: 'sda' })).toBe('Bay 2');
  expect(bayName({ slot: '', name: 'sda' })).toBe('sda');
});

test('the end of a serial number is what one compares', () => {
  expect(serialEnd('WD-WX12D7F2K')).toBe('WD-WX12D7F2K');
  expect(serialEnd('QEMU_HARDDISK_0123456789')).toBe('…K_0123456789');
});

test('how much may fail is said in words', () => {
  expect(mayFail(0)).toBe('no disk');
  expect(mayFail(1)).toBe('any 1 disk');
  expect(mayFail(2)).toBe('any 2 disks');
});

describe('the sentence about everything', () => {
  const disk = (name: string, state: DiskInfo['state']) => ({ name, slot: '', state }) as DiskInfo;
  const md = (state: RaidArray['state']) => ({ uuid: 'u', name: 'md0', state }) as RaidArray;
  test('says that all is well, with numbers', () => {
    expect(summaryOf([disk('sda', 'healthy'), disk('vda', 'unknown')], [md('optimal')]).word).toBe(
      'All is well: 1 disk healthy, 1 array whole.',
    );
  });
  test('names what is not, the gravest first', () => {
    const said = summaryOf([disk('sda', 'absent'), disk('sdb', 'warning')], [md('degraded')]);
    expect(said.word).toBe('md0 is degraded, sda is absent, sdb has a warning.');
    expect(said.tone).toContain('danger');
    expect(summaryOf([disk('sdb', 'warning')], []).tone).toContain('warn');
  });
});

test('what asks for attention comes first among the values of a disk', () => {
  const value = (id: number, status: SmartAttribute['status']) => ({ id, status }) as SmartAttribute;
  const sorted = worstFirst([value(1, 'ok'), value(5, 'watch'), value(9, 'ok'), value(197, 'failing')]);
  expect(sorted.map((one) => one.id)).toEqual([197, 5, 1, 9]);
});

test('only disks that are there and not in use can become part of something new', () => {
  const disk = (present: boolean, usage: DiskInfo['usage']) => ({ present, usage }) as DiskInfo;
  expect(isUsable(disk(true, 'free'))).toBe(true);
  expect(isUsable(disk(true, 'data'))).toBe(true);
  expect(isUsable(disk(false, 'free'))).toBe(false);
  for (const usage of ['system', 'array', 'pool', 'mounted', 'foreign'] as const)
    expect(isUsable(disk(true, usage))).toBe(false);
});

test('a new array gets the first name that is free', () => {
  expect(freeName([])).toBe('md0');
  expect(freeName(['md0', 'md1', 'tank'])).toBe('md2');
});

test('a plan destroys something when any disk has something on it', () => {
  const plan = (...flags: boolean[]) => ({ losses: flags.map((flag) => ({ destroys: flag })) }) as Plan;
  expect(destroys(plan())).toBe(false);
  expect(destroys(plan(false, false))).toBe(false);
  expect(destroys(plan(false, true))).toBe(true);
});

describe('the line of a value', () => {
  test('holds each value until the next', () => {
    const line = steps([
      { time_at: '2026-01-01T00:00:00Z', value: 0 },
      { time_at: '2026-01-03T00:00:00Z', value: 8 },
    ]);
    expect(line).toBe('8.0,88.0 472.0,88.0 472.0,8.0');
  });
  test('is level for a single value', () => {
    expect(steps([{ time_at: '2026-01-01T00:00:00Z', value: 5 }])).toBe('8.0,48.0 472.0,48.0');
  });
});
