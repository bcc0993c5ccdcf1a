/* SPDX-License-Identifier: MIT */
// Numbers and times for people. Sizes are in SI units (1 kB = 1000 B), as disks are sold; the exact value goes into a tooltip.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

const wholeNumber = new Intl.NumberFormat('en');

export function formatCount(count: number): string {
  return wholeNumber.format(count);
}

export function formatExactBytes(bytes: number): string {
  return `${formatCount(bytes)} ${bytes === 1 ? 'byte' : 'bytes'}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const dayThisYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayAnyYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'medium' });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** "just now", "12 minutes ago", "yesterday 14:05", "3 Mar", "3 Mar 2024". */
export function formatDate(iso: string | null, now = Date.now()): string {
  if (iso === null) return '–';
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return '–';
  const age = now - at;
  if (age >= 0 && age < MINUTE) return 'just now';
  if (age >= 0 && age < HOUR) return relative.format(-Math.floor(age / MINUTE), 'minute');
  const days = Math.round((startOfDay(now) - startOfDay(at)) / DAY);
  if (days === 0) return `today ${time.format(at)}`;
  if (days === 1) return `yesterday ${time.format(at)}`;
  if (days > 1 && days < 7) return relative.format(-days, 'day');
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? dayThisYear : dayAnyYear).format(at);
}

/** "in 29 days", for a time to come. */
export function formatUntil(iso: string | null, now = Date.now()): string {
  if (iso === null) return 'never';
  const left = Date.parse(iso) - now;
  if (Number.isNaN(left)) return '–';
  if (left < HOUR) return 'within the hour';
  if (left < DAY) return relative.format(Math.floor(left / HOUR), 'hour');
  return relative.format(Math.floor(left / DAY), 'day');
}

export function formatExactDate(iso: string | null): string {
  if (iso === null) return '';
  const at = Date.parse(iso);
  return Number.isNaN(at) ? '' : exact.format(at);
}

/** "a few seconds", "3 min", "1 h 20 min". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 10) return 'a few seconds';
  if (seconds < 60) return `${Math.round(seconds / 5) * 5} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Reads "5 GB", "500MB", "1.5 TB" or a plain number of bytes; null when it is none of them. */
export function parseBytes(text: string): number | null {
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*([kmgtp]?)(i?)b?\s*$/i.exec(text);
  if (!match) return null;
  const [, digits = '', prefix = '', binary = ''] = match;
  const power = ['', 'k', 'm', 'g', 't', 'p'].indexOf(prefix.toLowerCase());
  const bytes = Math.round(Number(digits.replace(',', '.')) * (binary === '' ? 1000 : 1024) ** power);
  return Number.isSafeInteger(bytes) ? bytes : null;
}
