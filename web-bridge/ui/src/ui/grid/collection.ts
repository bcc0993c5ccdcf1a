/* SPDX-License-Identifier: MIT */
import type { Collection, Key, Node } from '@react-types/shared';

/** What a grid needs to know of an entry: its key, unique and stable, and the text that it is read out and found by. */
export interface Describe<T> {
  key: (item: T) => string;
  text: (item: T) => string;
}

/**
 * An array as a react-aria collection. Nodes are made when asked for: 100,000 entries cost one map, not 100,000 components.
 * The array must not change afterwards; a new one makes a new collection.
 */
export class ArrayCollection<T> implements Collection<Node<T>> {
  readonly items: readonly T[];
  readonly #describe: Describe<T>;
  readonly #nodes = new Map<string, Node<T>>();
  #indices: Map<string, number> | null = null;

  constructor(items: readonly T[], describe: Describe<T>) {
    this.items = items;
    this.#describe = describe;
  }

  get size(): number {
    return this.items.length;
  }

  keyAt(index: number): string | null {
    const item = this.items[index];
    return item === undefined ? null : this.#describe.key(item);
  }

  /** -1 when there is no such entry */
  indexOf(key: Key | null): number {
    if (key === null) return -1;
    if (this.#indices === null) {
      this.#indices = new Map();
      for (let index = 0; index < this.items.length; index += 1) {
        this.#indices.set(this.#describe.key(this.items[index] as T), index);
      }
    }
    return this.#indices.get(key as string) ?? -1;
  }

  /** The first entry from `from` on, then from the start, whose text begins with `search`, without regard to case and accents. */
  findText(search: string, from: number, collator: Intl.Collator): string | null {
    for (let step = 0; step < this.items.length; step += 1) {
      const item = this.items[(from + step) % this.items.length] as T;
      const start = this.#describe.text(item).slice(0, search.length);
      if (collator.compare(start, search) === 0) return this.#describe.key(item);
    }
    return null;
  }

  getItem(key: Key): Node<T> | null {
    const index = this.indexOf(key);
    const value = this.items[index];
    if (value === undefined) return null;
    const name = key as string;
    let node = this.#nodes.get(name);
    if (!node) {
      node = {
        type: 'item',
        key,
        value,
        level: 0,
        hasChildNodes: false,
        childNodes: [],
        rendered: null,
        textValue: this.#describe.text(value),
        props: {},
        index,
      };
      this.#nodes.set(name, node);
    }
    return node;
  }

  at(index: number): Node<T> | null {
    const key = this.keyAt(index);
    return key === null ? null : this.getItem(key);
  }

  getKeyBefore(key: Key): Key | null {
    const index = this.indexOf(key);
    return index < 0 ? null : this.keyAt(index - 1);
  }

  getKeyAfter(key: Key): Key | null {
    const index = this.indexOf(key);
    return index < 0 ? null : this.keyAt(index + 1);
  }

  getFirstKey(): Key | null {
    return this.keyAt(0);
  }

  getLastKey(): Key | null {
    return this.keyAt(this.size - 1);
  }

  getChildren(): Iterable<Node<T>> {
    return [];
  }

  *getKeys(): IterableIterator<Key> {
    for (const item of this.items) yield this.#describe.key(item);
  }

  *[Symbol.iterator](): IterableIterator<Node<T>> {
    for (let index = 0; index < this.size; index += 1) yield this.at(index) as Node<T>;
  }
}
