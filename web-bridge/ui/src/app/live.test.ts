/* SPDX-License-Identifier: MIT */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { newsOf, readEvents, streaming } from '../api/events';
import { inOrder } from './AlertsBanner';
import { queriesOf } from './useLiveUpdates';

describe('events', () => {
  test('are read whole, however they come in', () => {
    const text = 'retry: 2000\nevent: hello\ndata: {}\n\n: still here\n\nid: 1\nevent: changed\ndata: {"path":"dis';
    const first = readEvents(text);
    expect(first.events).toEqual([{ name: 'hello', data: {} }]);
    expect(readEvents(`${first.rest}ks/A"}\n\n`).events).toEqual([{ name: 'changed', data: { path: 'disks/A' } }]);
  });
  test('say what is to be asked for again', () => {
    expect(queriesOf({ name: 'hello', data: {} })).toBeNull();
    expect(queriesOf({ name: 'changed', data: { path: 'arrays/1', interface: 'Array' } })).toEqual(['arrays']);
    expect(queriesOf({ name: 'changed', data: { path: '', interface: 'Manager' } })).toEqual([]);
    expect(queriesOf({ name: 'alert', data: { path: 'alerts/1' } })).toEqual(['alerts']);
  });
});

describe('news of a job', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    streaming.set(false);
    vi.useRealTimers();
  });

  test('are asked for now and then while the stream is down', async () => {
    const news = newsOf('jobs/3', 500);
    const next = news.next();
    await vi.advanceTimersByTimeAsync(500);
    await expect(next).resolves.toBeUndefined();
    news.stop();
  });
  test('are not asked for while the stream says nothing', async () => {
    streaming.set(true);
    const news = newsOf('jobs/3', 500);
    const told = vi.fn();
    const next = news.next().then(told);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).not.toHaveBeenCalled();
    // The stream breaks: what happened meanwhile is to be asked for.
    streaming.set(false);
    await next;
    expect(told).toHaveBeenCalledOnce();
    news.stop();
  });
});

test('alerts are shown with the gravest first, then the newest', () => {
  const alert = (id: string, severity: 'warning' | 'critical', raised_at: string) =>
    ({ id, severity, raised_at }) as Parameters<typeof inOrder>[0][number];
  const sorted = inOrder([
    alert('1', 'warning', '2026-01-03T00:00:00Z'),
    alert('2', 'critical', '2026-01-01T00:00:00Z'),
    alert('3', 'critical', '2026-01-02T00:00:00Z'),
  ]);
  expect(sorted.map((one) => one.id)).toEqual(['3', '2', '1']);
});
