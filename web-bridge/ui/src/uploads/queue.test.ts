/* SPDX-License-Identifier: MIT */
import { describe, expect, test, vi } from 'vitest';
import { ApiError } from '../api/client';
import { type Entry, type SendOptions, type Transport, UploadQueue } from './queue';

function file(name: string, size = 10): File {
  return new File([new Uint8Array(size)], name);
}

function entries(...paths: string[]): Entry[] {
  return paths.map((path) => ({ path, file: file(path) }));
}

/** A NAS in memory that refuses names that are taken. */
function fakeNas(existing: Record<string, 'file' | 'directory'> = {}) {
  const tree = new Map(Object.entries(existing));
  const log: string[] = [];
  let active = 0;
  let mostActive = 0;
  let looks = 0;
  const transport: Transport = {
    sendFile: async (path: string, body: File, { overwrite, onProgress, signal }: SendOptions) => {
      active += 1;
      mostActive = Math.max(mostActive, active);
      try {
        onProgress(Math.floor(body.size / 2));
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (signal.aborted) throw new Error('cancelled');
        if (tree.has(path) && !overwrite) throw new ApiError(409, 'Exists already');
        tree.set(path, 'file');
        log.push(`${overwrite ? 'replace' : 'send'} ${path}`);
      } finally {
        active -= 1;
      }
    },
    createFolder: async (path) => {
      tree.set(path, 'directory');
      log.push(`folder ${path}`);
    },
    look: async (path) => {
      looks += 1;
      return tree.get(path) ?? null;
    },
    connected: async () => {},
  };
  return { transport, tree, log, mostActive: () => mostActive, looks: () => looks };
}

function queueOf(nas: { transport: Transport }) {
  const published: string[] = [];
  const queue = new UploadQueue({
    transport: nas.transport,
    onPublished: (folders) => published.push(...folders),
    wait: async () => {},
  });
  return { queue, published };
}

const settled = (queue: UploadQueue) =>
  vi.waitFor(() => {
    if (queue.busy && queue.snapshot.get().conflict === null) throw new Error('busy');
  });
const asked = (queue: UploadQueue) => vi.waitFor(() => expect(queue.snapshot.get().conflict).not.toBeNull());
const states = (queue: UploadQueue) => queue.tasks.map((task) => task.state);

describe('sending', () => {
  test('a nested folder arrives with its empty folders, at most four at a time', async () => {
    const nas = fakeNas();
    const { queue, published } = queueOf(nas);
    queue.add('Photos', [...entries('a/1', 'a/2', 'a/b/3', '4', '5', '6'), { path: 'a/empty', file: null }]);
    await settled(queue);
    expect([...nas.tree.keys()].sort()).toEqual([
      'Photos/4',
      'Photos/5',
      'Photos/6',
      'Photos/a/1',
      'Photos/a/2',
      'Photos/a/b/3',
      'Photos/a/empty',
    ]);
    expect(nas.tree.get('Photos/a/empty')).toBe('directory');
    expect(nas.mostActive()).toBe(4);
    await vi.waitFor(() => expect(new Set(published)).toEqual(new Set(['Photos', 'Photos/a', 'Photos/a/b'])));
    await vi.waitFor(() =>
      expect(queue.snapshot.get().totals).toMatchObject({ files: 7, done: 7, bytes: 60, sentBytes: 60 }),
    );
  });

  test('ten thousand files tell those who watch some dozens of times, not for each', async () => {
    const nas = fakeNas();
    nas.transport.sendFile = async () => {};
    const { queue } = queueOf(nas);
    let told = 0;
    queue.snapshot.subscribe(() => {
      told += 1;
    });
    queue.add(
      '',
      Array.from({ length: 10_000 }, (_, index) => ({ path: `f${index}`, file: file('x', 1) })),
    );
    await vi.waitFor(() => expect(queue.snapshot.get().totals.done).toBe(10_000), { timeout: 10_000 });
    expect(told).toBeLessThan(100);
  });

  test('a small file is sent without asking first, a large one is not', async () => {
    const nas = fakeNas();
    const { queue } = queueOf(nas);
    queue.add('', [{ path: 'small', file: file('small', 100) }]);
    await settled(queue);
    expect(nas.looks()).toBe(0);
    queue.add('', [{ path: 'large', file: file('large', 100_000) }]);
    await settled(queue);
    expect(nas.looks()).toBe(1);
  });

  test('a folder that is new is looked at once, and what is in it not at all', async () => {
    const nas = fakeNas();
    const { queue } = queueOf(nas);
    queue.add(
      '',
      Array.from({ length: 30 }, (_, index) => ({ path: `new/${index}`, file: file('x', 100_000) })),
    );
    await settled(queue);
    expect(nas.looks()).toBe(1);
    expect(queue.tasks.every((task) => task.state === 'done')).toBe(true);
  });

  test('in a folder that exists already each large file is looked at', async () => {
    const nas = fakeNas({ old: 'directory', 'old/3': 'file' });
    const { queue } = queueOf(nas);
    queue.add(
      '',
      Array.from({ length: 5 }, (_, index) => ({ path: `old/${index}`, file: file('x', 100_000) })),
    );
    await asked(queue);
    await vi.waitFor(() => expect(states(queue)).toEqual(['done', 'done', 'done', 'conflict', 'done']));
    expect(nas.log).not.toContain('send old/3');
  });

  test('a paused queue starts nothing until it is resumed', async () => {
    const nas = fakeNas();
    const { queue } = queueOf(nas);
    queue.pause();
    queue.add('', entries('a', 'b'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(nas.log).toEqual([]);
    queue.resume();
    await settled(queue);
    expect(nas.log).toHaveLength(2);
  });
});

describe('names that are taken', () => {
  test('the question is put, and the others go on meanwhile', async () => {
    const nas = fakeNas({ b: 'file' });
    const { queue } = queueOf(nas);
    queue.add('', entries('a', 'b', 'c'));
    await asked(queue);
    await vi.waitFor(() => expect(states(queue)).toEqual(['done', 'conflict', 'done']));
    expect(queue.snapshot.get().conflict).toMatchObject({ path: 'b', obstacle: 'file' });
    expect(queue.busy).toBe(true);
  });

  test('replace, keep both and skip do what they say', async () => {
    const nas = fakeNas({ 'a.txt': 'file', 'b.txt': 'file', 'b (2).txt': 'file', 'c.txt': 'file' });
    const { queue } = queueOf(nas);
    queue.add('', entries('a.txt', 'b.txt', 'c.txt'));
    await vi.waitFor(() => expect(queue.snapshot.get().totals.conflicts).toBe(3));
    const [a, b, c] = queue.tasks as [(typeof queue.tasks)[0], (typeof queue.tasks)[0], (typeof queue.tasks)[0]];
    queue.answer(a, 'replace', false);
    queue.answer(b, 'keep-both', false);
    queue.answer(c, 'skip', false);
    await settled(queue);
    expect(nas.log.sort()).toEqual(['replace a.txt', 'send b (3).txt']);
    expect(states(queue)).toEqual(['done', 'done', 'skipped']);
  });

  test('an answer for all is for those that wait and those that come, until the queue is empty', async () => {
    const nas = fakeNas({ a: 'file', b: 'file', z: 'file' });
    const { queue } = queueOf(nas);
    queue.add('', entries('a', 'b', '1', '2', '3', '4', '5', 'z'));
    await asked(queue);
    const { conflict } = queue.snapshot.get();
    if (conflict) queue.answer(conflict, 'skip', true);
    await settled(queue);
    expect(queue.snapshot.get().conflict).toBeNull();
    expect(states(queue).filter((state) => state === 'skipped')).toHaveLength(3);
    queue.add('', entries('a'));
    await asked(queue);
  });

  test('a file never replaces a folder: both are kept', async () => {
    const nas = fakeNas({ a: 'directory', b: 'file' });
    const { queue } = queueOf(nas);
    queue.add('', entries('a', 'b'));
    await asked(queue);
    const { conflict } = queue.snapshot.get();
    if (conflict) queue.answer(conflict, 'replace', true);
    await settled(queue);
    expect(nas.tree.get('a')).toBe('directory');
    expect(nas.log.sort()).toEqual(['replace b', 'send a (2)']);
  });

  test('a free name that somebody else takes meanwhile is looked for again', async () => {
    const nas = fakeNas({ 'a.txt': 'file' });
    const look = nas.transport.look;
    let stolen = false;
    nas.transport.look = async (path, signal) => {
      const found = await look(path, signal);
      if (path === 'a (2).txt' && !stolen) {
        stolen = true;
        nas.tree.set(path, 'file');
      }
      return found;
    };
    const { queue } = queueOf(nas);
    queue.add('', entries('a.txt'));
    await asked(queue);
    const { conflict } = queue.snapshot.get();
    if (conflict) queue.answer(conflict, 'keep-both', false);
    await settled(queue);
    expect(nas.log).toEqual(['send a (3).txt']);
  });
});

describe('failures', () => {
  test('a broken connection is tried again, a refusal is not', async () => {
    const nas = fakeNas();
    const send = nas.transport.sendFile;
    let tries = 0;
    nas.transport.sendFile = async (path, body, options) => {
      tries += 1;
      if (path === 'flaky' && tries < 3) throw new ApiError(0, 'The connection broke');
      if (path === 'full') throw new ApiError(507, 'Quota exceeded');
      await send(path, body, options);
    };
    const { queue } = queueOf(nas);
    queue.add('', entries('flaky'));
    await settled(queue);
    expect(states(queue)).toEqual(['done']);
    expect(tries).toBe(3);
    queue.add('', entries('full'));
    await settled(queue);
    expect(queue.tasks[1]).toMatchObject({ state: 'failed', error: 'Quota exceeded', attempts: 1, sent: 0 });
  });

  test('what failed can be tried again', async () => {
    const nas = fakeNas();
    const send = nas.transport.sendFile;
    nas.transport.sendFile = async () => {
      throw new ApiError(507, 'Quota exceeded');
    };
    const { queue } = queueOf(nas);
    queue.add('', entries('a', 'b'));
    await settled(queue);
    expect(states(queue)).toEqual(['failed', 'failed']);
    nas.transport.sendFile = send;
    queue.retryFailed();
    await settled(queue);
    expect(states(queue)).toEqual(['done', 'done']);
    await vi.waitFor(() => expect(queue.snapshot.get().totals).toMatchObject({ done: 2, failed: 0, sentBytes: 20 }));
  });

  test('a NAS that stays away fails the file in the end', async () => {
    const nas = fakeNas();
    let tries = 0;
    nas.transport.sendFile = async () => {
      tries += 1;
      throw new ApiError(0, 'The connection broke');
    };
    const { queue } = queueOf(nas);
    queue.add('', entries('a'));
    await settled(queue);
    expect(states(queue)).toEqual(['failed']);
    expect(tries).toBe(5);
  });
});

describe('cancelling', () => {
  test('a file that is being sent is aborted and its bytes are taken back', async () => {
    const nas = fakeNas();
    const { queue } = queueOf(nas);
    queue.add('', entries('a', 'b'));
    const task = queue.tasks[0];
    if (task) queue.cancel(task);
    await settled(queue);
    expect(states(queue)).toEqual(['cancelled', 'done']);
    expect([...nas.tree.keys()]).toEqual(['b']);
    await vi.waitFor(() => expect(queue.snapshot.get().totals).toMatchObject({ sentBytes: 10, cancelled: 1, done: 1 }));
  });

  test('cancelling all leaves nothing waiting, asked or running', async () => {
    const nas = fakeNas({ '3': 'file' });
    const { queue } = queueOf(nas);
    queue.add('', entries(...Array.from({ length: 50 }, (_, index) => String(index))));
    await asked(queue);
    queue.cancelAll();
    await settled(queue);
    await vi.waitFor(() => {
      expect(queue.busy).toBe(false);
      expect(queue.snapshot.get().conflict).toBeNull();
    });
    queue.clear();
    expect(queue.tasks).toHaveLength(0);
  });
});
