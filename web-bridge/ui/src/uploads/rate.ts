/* SPDX-License-Identifier: MIT */

const WINDOW_MS = 4_000;
const SLOT_MS = 250;

/** How many bytes a second went by over the last seconds. */
export class RateMeter {
  readonly #now: () => number;
  #slots: { at: number; bytes: number }[] = [];
  #sum = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  add(bytes: number): void {
    const at = Math.floor(this.#now() / SLOT_MS) * SLOT_MS;
    const last = this.#slots.at(-1);
    if (last?.at === at) last.bytes += bytes;
    else this.#slots.push({ at, bytes });
    this.#sum += bytes;
    this.#expire();
  }

  get(): number {
    this.#expire();
    const first = this.#slots[0];
    if (!first) return 0;
    const span = Math.max(1_000, this.#now() - first.at);
    return (this.#sum * 1000) / span;
  }

  #expire(): void {
    const oldest = this.#now() - WINDOW_MS;
    while (this.#slots[0] && this.#slots[0].at < oldest) this.#sum -= this.#slots.shift()?.bytes ?? 0;
  }
}
