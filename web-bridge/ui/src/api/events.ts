/* SPDX-License-Identifier: MIT */
import { Store } from '../lib/store';
import { whenConnected } from './connection';
import { api } from './index';

/** What the NAS says has happened: `hello` when everything is to be read anew. */
export interface NasEvent {
  name: 'hello' | 'changed' | 'added' | 'removed' | 'job' | 'alert' | 'alert-resolved';
  data: Record<string, unknown>;
}

const AGAIN_MS = 2_000;
/** A browser has six connections to a NAS for all tabs: one that nobody looks at gives its own back. */
const HIDDEN_MS = 5_000;
/** Signs of life that may be missed before the stream counts as lost. */
const SILENT_BEATS = 3;

/** Whether the NAS tells by itself what has changed. While it does not, one has to ask. */
export const streaming = new Store(false);

const listeners = new Set<(event: NasEvent) => void>();

/** Hears every event until the returned function is called. */
export function onEvent(heard: (event: NasEvent) => void): () => void {
  listeners.add(heard);
  return () => listeners.delete(heard);
}

/** Takes the complete events off the front of a stream's text; the rest is what is still to come. */
export function readEvents(text: string): { events: NasEvent[]; rest: string } {
  const pieces = text.split('\n\n');
  const rest = pieces.pop() ?? '';
  const events: NasEvent[] = [];
  for (const piece of pieces) {
    let name = '';
    let data = '';
    for (const line of piece.split('\n')) {
      if (line.startsWith('event: ')) name = line.slice(7);
      else if (line.startsWith('data: ')) data += line.slice(6);
    }
    if (name !== '') events.push({ name: name as NasEvent['name'], data: JSON.parse(data || '{}') });
  }
  return { events, rest };
}

function tell(event: NasEvent): void {
  if (event.name === 'hello') streaming.set(true);
  for (const heard of [...listeners]) heard(event);
}

/** Reads one stream to its end: that of the NAS, that of `signal`, or that of its patience with silence. */
async function readStream(signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const reply = await api.raw('GET', '/events', {
    signal: AbortSignal.any([signal, stop.signal]),
    headers: { Accept: 'text/event-stream' },
  });
  const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
  let patience: ReturnType<typeof setTimeout> | undefined;
  let beat = 0;
  let text = '';
  try {
    while (reader) {
      const { done, value } = await reader.read();
      clearTimeout(patience);
      if (done) return;
      const { events, rest } = readEvents(text + value);
      text = rest;
      for (const event of events) {
        if (event.name === 'hello') beat = Number(event.data.heartbeat_seconds) * 1000;
        tell(event);
      }
      if (beat > 0) patience = setTimeout(() => stop.abort(), beat * SILENT_BEATS);
    }
  } finally {
    clearTimeout(patience);
    streaming.set(false);
  }
}

/** Runs `work` whenever the page can be seen, with a signal that is aborted soon after it no longer can. */
async function whileVisible(signal: AbortSignal, work: (visible: AbortSignal) => Promise<void>): Promise<void> {
  const hidden = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wake = () => {};
  const look = () => {
    clearTimeout(timer);
    if (document.visibilityState === 'visible') wake();
    else timer = setTimeout(() => hidden.abort(), HIDDEN_MS);
  };
  const giveUp = () => wake();
  document.addEventListener('visibilitychange', look);
  signal.addEventListener('abort', giveUp);
  try {
    if (document.visibilityState !== 'visible') {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (!signal.aborted) await work(AbortSignal.any([signal, hidden.signal]));
  } finally {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
    signal.removeEventListener('abort', giveUp);
  }
}

/** Listens until `signal` is aborted, and again after every end of the stream. It is not EventSource, which cannot send the token. */
export async function listen(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await whileVisible(signal, async (visible) => {
      await readStream(visible).catch(() => undefined);
      if (visible.aborted) return;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      await whenConnected(visible).catch(() => undefined);
    });
  }
}

/** News of one object, from now on: `next` resolves when there may be some, which is when an event says so or, without the stream, after `askMs`. */
export function newsOf(path: string, askMs: number): { next: () => Promise<void>; stop: () => void } {
  let news = false;
  let wake = () => {};
  const notice = () => {
    news = true;
    wake();
  };
  const stops = [
    onEvent((event) => {
      if (event.name === 'hello' || event.data.path === path) notice();
    }),
    streaming.subscribe(notice),
  ];
  return {
    async next() {
      if (!news) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (!streaming.get()) setTimeout(resolve, askMs);
        });
      }
      news = false;
    },
    stop() {
      for (const stop of stops) stop();
    },
  };
}
