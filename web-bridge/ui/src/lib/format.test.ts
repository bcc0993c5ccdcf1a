/* SPDX-License-Identifier: MIT */
import { describe, expect, test } from 'vitest';
import { formatBytes, formatDate, formatDuration, formatExactBytes, formatUntil, parseBytes, plural } from './format';

describe('sizes', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.00 kB'],
    [1_555, '1.55 kB'],
    [12_340, '12.3 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [2_147_483_648, '2.15 GB'],
    [9_007_199_254_740_991, '9.01 PB'],
  ])('%d bytes are “%s”', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test('the exact size is spelled out with separators', () => {
    expect(formatExactBytes(1)).toBe('1 byte');
    expect(formatExactBytes(1_234_567)).toBe('1,234,567 bytes');
  });

  test.each([
    ['0', 0],
    ['512', 512],
    ['5 GB', 5_000_000_000],
    ['5gb', 5_000_000_000],
    ['1.5 TB', 1_500_000_000_000],
    ['1,5 tb', 1_500_000_000_000],
    ['2 GiB', 2_147_483_648],
    ['10 k', 10_000],
  ])('“%s” is read as %d', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each(['', 'much', '-5 GB', '5 XB', '5 GB more', '99999999 PB'])('“%s” is no size', (text) => {
    expect(parseBytes(text)).toBeNull();
  });
});

describe('dates', () => {
  const now = new Date(2026, 5, 15, 14, 30).getTime();
  const at = (...parts: [number, number, number, number, number]) => new Date(...parts).toISOString();

  test.each([
    [at(2026, 5, 15, 14, 30), 'just now'],
    [at(2026, 5, 15, 14, 18), '12 minutes ago'],
    [at(2026, 5, 15, 9, 5), 'today 09:05'],
    [at(2026, 5, 14, 23, 59), 'yesterday 23:59'],
    [at(2026, 5, 12, 8, 0), '3 days ago'],
    [at(2026, 2, 3, 8, 0), '3 Mar'],
    [at(2024, 2, 3, 8, 0), '3 Mar 2024'],
  ])('%s is “%s”', (iso, text) => {
    expect(formatDate(iso, now)).toBe(text);
  });

  test('a clock that is ahead shows the date, not a negative age', () => {
    expect(formatDate(at(2026, 5, 20, 8, 0), now)).toBe('20 Jun');
  });

  test('what has no date, or none that can be read, is a dash', () => {
    expect(formatDate(null, now)).toBe('–');
    expect(formatDate('soon', now)).toBe('–');
  });

  test('the time until something goes is rounded down', () => {
    expect(formatUntil(null, now)).toBe('never');
    expect(formatUntil(at(2026, 5, 15, 14, 50), now)).toBe('within the hour');
    expect(formatUntil(at(2026, 5, 15, 20, 0), now)).toBe('in 5 hours');
    expect(formatUntil(at(2026, 6, 14, 14, 0), now)).toBe('in 28 days');
  });
});

test('durations are rough on purpose', () => {
  expect(formatDuration(4)).toBe('a few seconds');
  expect(formatDuration(42)).toBe('40 s');
  expect(formatDuration(200)).toBe('3 min');
  expect(formatDuration(4_800)).toBe('1 h 20 min');
  expect(formatDuration(Number.POSITIVE_INFINITY)).toBe('');
});

test('one is singular, everything else plural', () => {
  expect(plural(1, 'item')).toBe('1 item');
  expect(plural(0, 'item')).toBe('0 items');
  expect(plural(12_345, 'file')).toBe('12,345 files');
});
