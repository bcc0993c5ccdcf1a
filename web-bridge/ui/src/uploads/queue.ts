/* SPDX-License-Identifier: MIT */
import { ApiError } from '../api/client';
import { joinPath, nameOf, numberedName, parentOf } from '../lib/paths';
import { Store } from '../lib/store';
import { RateMeter } from './rate';

/* Files and folders on their way to the NAS. Made for many thousands: tasks are plain mutable objects, totals are kept as they change, and whoever
 * watches is told a few times a second, not with each byte. */

export type TaskState =
  | 'queued'
  | 'sending'
  /** something of that name exists; waits for an answer */
  | 'conflict'
  | 'done'
  | 'skipped'
  | 'failed'
  | 'cancelled';

export type Choice = 'replace' | 'keep-both' | 'skip';

export interface Task {
  readonly id: number;
  readonly kind: 'file' | 'folder';
  /** where it goes; changes when both are kept */
  path: string;
  readonly size: number;
  readonly file: File | null;
  state: TaskState;
  /** bytes sent so far */
  sent: number;
  error: string | null;
  /** what is in the way: only a file can be replaced, and only by a file */
  obstacle: 'file' | 'directory' | null;
  choice: Choice | null;
  attempts: number;
  /** the folder that it was dropped with; null when it was dropped by itself */
  readonly root: Root | null;
}

/** A folder that was dropped. When there was nothing of its name before, no name below it can be taken. */
interface Root {
  readonly path: string;
  /** asked once, before anything below it is sent */
  found: Promise<'file' | 'directory' | null> | null;
}

export interface Entry {
  /** relative to the folder that it is dropped on, with "/" */
  path: string;
  /** null for a folder */
  file: File | null;
}

export interface SendOptions {
  overwrite: boolean;
  signal: AbortSignal;
  onProgress: (sent: number) => void;
}

/** How the queue talks to the NAS. Failures are ApiError. */
export interface Transport {
  sendFile: (path: string, file: File, options: SendOptions) => Promise<void>;
  createFolder: (path: string) => Promise<void>;
  /** what is at this path, null when nothing */
  look: (path: string, signal: AbortSignal) => Promise<'file' | 'directory' | null>;
  /** resolves when the NAS answers again */
  connected: (signal: AbortSignal) => Promise<void>;
}

export interface Totals {
  files: number;
  done: number;
  failed: number;
  skipped: number;
  cancelled: number;
  waiting: number;
  sending: number;
  conflicts: number;
  bytes: number;
  sentBytes: number;
}

export interface Snapshot {
  version: number;
  totals: Totals;
  /** bytes a second over the last seconds */
  rate: number;
  paused: boolean;
  /** the question to put next */
  conflict: Task | null;
}

const PARALLEL = 4;
const TELL_MS = 120;
const MOST_ATTEMPTS = 5;
/** A file of at least this size is not sent before it is known that its name is free, for a refusal would come after all of it. */
const LOOK_FIRST_BYTES = 64 * 1024;
const MOST_NUMBERS = 1_000;

const EMPTY: Totals = {
  files: 0,
  done: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
  waiting: 0,
  sending: 0,
  conflicts: 0,
  bytes: 0,
  sentBytes: 0,
};

const COUNTER: Record<TaskState, keyof Totals> = {
  queued: 'waiting',
  sending: 'sending',
  conflict: 'conflicts',
  done: 'done',
  skipped: 'skipped',
  failed: 'failed',
  cancelled: 'cancelled',
};

function rootOf(entry: Entry, target: string, roots: Map<string, Root>): Root | null {
  const slash = entry.path.indexOf('/');
  if (slash < 0) return null;
  const name = entry.path.slice(0, slash);
  let root = roots.get(name);
  if (!root) {
    root = { path: joinPath(target, name), found: null };
    roots.set(name, root);
  }
  return root;
}

export interface QueueOptions {
  transport: Transport;
  /** folders into which something was published since the last call */
  onPublished: (folders: ReadonlySet<string>) => void;
  now?: () => number;
  wait?: (ms: number) => Promise<void>;
}

export class UploadQueue {
  readonly snapshot: Store<Snapshot>;
  readonly #transport: Transport;
  readonly #onPublished: QueueOptions['onPublished'];
  readonly #now: () => number;
  readonly #wait: (ms: number) => Promise<void>;
  #tasks: Task[] = [];
  #pending: Task[] = [];
  #head = 0;
  #conflicts: Task[] = [];
  #running = new Map<number, AbortController>();
  #totals: Totals = { ...EMPTY };
  #rate: RateMeter;
  #answerForAll: Choice | null = null;
  #paused = false;
  #published = new Set<string>();
  #teller: ReturnType<typeof setTimeout> | undefined;
  #lastId = 0;
  #version = 0;

  constructor(options: QueueOptions) {
    this.#transport = options.transport;
    this.#onPublished = options.onPublished;
    this.#now = options.now ?? Date.now;
    this.#wait = options.wait ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
    this.#rate = new RateMeter(this.#now);
    this.snapshot = new Store<Snapshot>(this.#snap());
  }

  get tasks(): readonly Task[] {
    return this.#tasks;
  }

  get busy(): boolean {
    return this.#totals.waiting + this.#totals.sending + this.#totals.conflicts > 0;
  }

  /** Adds what was dropped on the folder `target`. */
  add(target: string, entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    if (!this.busy) this.#answerForAll = null;
    const roots = new Map<string, Root>();
    for (const entry of entries) {
      this.#lastId += 1;
      const task: Task = {
        id: this.#lastId,
        kind: entry.file ? 'file' : 'folder',
        path: joinPath(target, entry.path),
        size: entry.file?.size ?? 0,
        file: entry.file,
        state: 'queued',
        sent: 0,
        error: null,
        obstacle: null,
        choice: null,
        attempts: 0,
        root: rootOf(entry, target, roots),
      };
      this.#tasks.push(task);
      this.#pending.push(task);
      this.#totals.files += 1;
      this.#totals.waiting += 1;
      this.#totals.bytes += task.size;
    }
    this.#pump();
    this.#tell();
  }

  pause(): void {
    this.#paused = true;
    this.#tell();
  }

  resume(): void {
    this.#paused = false;
    this.#pump();
    this.#tell();
  }

  cancel(task: Task): void {
    this.#running.get(task.id)?.abort(new Error('cancelled'));
    if (task.state === 'queued' || task.state === 'conflict') {
      this.#forgetConflict(task);
      this.#become(task, 'cancelled');
    }
    this.#tell();
  }

  cancelAll(): void {
    for (const task of this.#pending.slice(this.#head)) if (task.state === 'queued') this.#become(task, 'cancelled');
    for (const task of this.#conflicts) if (task.state === 'conflict') this.#become(task, 'cancelled');
    this.#pending = [];
    this.#head = 0;
    this.#conflicts = [];
    for (const controller of this.#running.values()) controller.abort(new Error('cancelled'));
    this.#paused = false;
    this.#tellNow();
  }

  retry(task: Task): void {
    if (task.state !== 'failed' && task.state !== 'cancelled') return;
    task.attempts = 0;
    task.error = null;
    this.#become(task, 'queued');
    this.#pending.push(task);
    this.#pump();
    this.#tell();
  }

  retryFailed(): void {
    for (const task of this.#tasks) if (task.state === 'failed') this.retry(task);
  }

  /** Forgets what has ended. */
  clear(): void {
    this.#tasks = this.#tasks.filter(
      (task) => task.state === 'queued' || task.state === 'sending' || task.state === 'conflict',
    );
    this.#totals = { ...EMPTY };
    for (const task of this.#tasks) {
      this.#totals.files += 1;
      this.#totals.bytes += task.size;
      this.#totals.sentBytes += task.sent;
      this.#totals[COUNTER[task.state]] += 1;
    }
    this.#tell();
  }

  /** Stops and forgets everything. */
  reset(): void {
    this.cancelAll();
    this.#tasks = [];
    this.#totals = { ...EMPTY };
    this.#tellNow();
  }

  /** Answers the question about `task`, and with `forAll` every further one until the queue is empty. */
  answer(task: Task, choice: Choice, forAll: boolean): void {
    if (forAll) this.#answerForAll = choice;
    const answered = forAll ? [...this.#conflicts] : [task];
    for (const one of answered) {
      if (one.state !== 'conflict') continue;
      this.#forgetConflict(one);
      this.#settle(one, choice);
    }
    this.#pump();
    // At once, for somebody waits for the next question.
    this.#tellNow();
  }

  #settle(task: Task, choice: Choice): void {
    const possible = choice === 'replace' && !(task.kind === 'file' && task.obstacle === 'file') ? 'keep-both' : choice;
    if (possible === 'skip') {
      this.#become(task, 'skipped');
      return;
    }
    task.choice = possible;
    this.#become(task, 'queued');
    this.#pending.push(task);
  }

  #forgetConflict(task: Task): void {
    const at = this.#conflicts.indexOf(task);
    if (at >= 0) this.#conflicts.splice(at, 1);
  }

  #pump(): void {
    while (!this.#paused && this.#running.size < PARALLEL) {
      const task = this.#pending[this.#head];
      if (!task) {
        this.#pending = [];
        this.#head = 0;
        return;
      }
      this.#head += 1;
      if (task.state === 'queued') void this.#run(task);
    }
  }

  async #run(task: Task): Promise<void> {
    const controller = new AbortController();
    this.#running.set(task.id, controller);
    this.#become(task, 'sending');
    try {
      await this.#send(task, controller.signal);
    } catch (error) {
      await this.#failed(task, error, controller.signal);
    }
    this.#running.delete(task.id);
    this.#pump();
    this.#tell();
  }

  async #send(task: Task, signal: AbortSignal): Promise<void> {
    const isNew = await this.#isInNewFolder(task);
    if (task.kind === 'folder' || task.file === null) {
      await this.#transport.createFolder(task.path);
    } else {
      const overwrite = task.choice === 'replace';
      if (task.choice === 'keep-both') {
        task.path = await this.#freePath(task.path, signal);
      } else if (!overwrite && !isNew && task.size >= LOOK_FIRST_BYTES) {
        const obstacle = await this.#transport.look(task.path, signal);
        if (obstacle !== null) {
          this.#obstructed(task, obstacle);
          return;
        }
      }
      await this.#transport.sendFile(task.path, task.file, {
        overwrite,
        signal,
        onProgress: (sent) => this.#progress(task, sent),
      });
    }
    this.#progress(task, task.size);
    this.#become(task, 'done');
    this.#published.add(parentOf(task.path));
  }

  async #isInNewFolder({ root }: Task): Promise<boolean> {
    if (root === null) return false;
    // Not for this task alone: it must not end with it.
    root.found ??= this.#transport.look(root.path, new AbortController().signal);
    try {
      return (await root.found) === null;
    } catch (error) {
      root.found = null;
      throw error;
    }
  }

  /** Something is in the way of `task`: ask, or do what was answered for all. */
  #obstructed(task: Task, obstacle: 'file' | 'directory'): void {
    task.obstacle = obstacle;
    this.#progress(task, 0);
    // Somebody was quicker with the free name: look for the next one.
    const answer = task.choice === 'keep-both' ? 'keep-both' : this.#answerForAll;
    if (answer !== null) {
      this.#settle(task, answer);
      return;
    }
    this.#become(task, 'conflict');
    this.#conflicts.push(task);
  }

  async #freePath(path: string, signal: AbortSignal): Promise<string> {
    const folder = parentOf(path);
    for (let n = 2; n < MOST_NUMBERS; n += 1) {
      const candidate = joinPath(folder, numberedName(nameOf(path), n));
      if ((await this.#transport.look(candidate, signal)) === null) return candidate;
    }
    throw new ApiError(409, 'No free name was found');
  }

  async #failed(task: Task, error: unknown, signal: AbortSignal): Promise<void> {
    this.#progress(task, 0);
    if (signal.aborted) {
      this.#become(task, 'cancelled');
      return;
    }
    task.attempts += 1;
    if (error instanceof ApiError && error.status === 409 && task.choice !== 'replace') {
      const obstacle = await this.#transport.look(task.path, signal).catch(() => null);
      if (obstacle !== null && task.kind === 'file') {
        this.#obstructed(task, obstacle);
        return;
      }
    }
    const again = error instanceof ApiError && (error.isConnection || error.status === 429);
    if (again && task.attempts < MOST_ATTEMPTS) {
      const seconds = error.retryAfter ?? Math.min(8, 2 ** (task.attempts - 1) / 2);
      try {
        await this.#wait(seconds * 1000);
        await this.#transport.connected(signal);
        signal.throwIfAborted();
        this.#become(task, 'queued');
        this.#pending.push(task);
      } catch {
        this.#become(task, 'cancelled');
      }
      return;
    }
    task.error = error instanceof Error ? error.message : String(error);
    this.#become(task, 'failed');
  }

  #progress(task: Task, sent: number): void {
    const more = Math.min(sent, task.size) - task.sent;
    if (more === 0) return;
    task.sent += more;
    this.#totals.sentBytes += more;
    if (more > 0) this.#rate.add(more);
    this.#tell();
  }

  #become(task: Task, state: TaskState): void {
    this.#totals[COUNTER[task.state]] -= 1;
    this.#totals[COUNTER[state]] += 1;
    task.state = state;
  }

  #snap(): Snapshot {
    return {
      version: this.#version,
      totals: { ...this.#totals },
      rate: this.#rate.get(),
      paused: this.#paused,
      conflict: this.#conflicts[0] ?? null,
    };
  }

  #tell(): void {
    this.#teller ??= setTimeout(() => this.#tellNow(), TELL_MS);
  }

  #tellNow(): void {
    clearTimeout(this.#teller);
    this.#teller = undefined;
    this.#version += 1;
    this.snapshot.set(this.#snap());
    if (this.#published.size > 0) {
      const folders = this.#published;
      this.#published = new Set();
      this.#onPublished(folders);
    }
  }
}
