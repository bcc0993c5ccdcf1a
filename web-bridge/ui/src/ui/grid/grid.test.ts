/* SPDX-License-Identifier: MIT */
import { describe, expect, test } from 'vitest';
import { ArrayCollection } from './collection';
import { rowRange } from './useRows';

const describeName = { key: (item: { name: string }) => item.name, text: (item: { name: string }) => item.name };
const of = (...names: string[]) =>
  new ArrayCollection(
    names.map((name) => ({ name })),
    describeName,
  );
const collator = new Intl.Collator('en', { usage: 'search', sensitivity: 'base' });

describe('the collection', () => {
  test('neighbours and ends are found by key', () => {
    const list = of('a', 'b', 'c');
    expect(list.getFirstKey()).toBe('a');
    expect(list.getLastKey()).toBe('c');
    expect(list.getKeyAfter('a')).toBe('b');
    expect(list.getKeyBefore('a')).toBeNull();
    expect(list.getKeyAfter('c')).toBeNull();
    expect(list.getKeyAfter('gone')).toBeNull();
    expect([...list.getKeys()]).toEqual(['a', 'b', 'c']);
    expect([...list].map((node) => node.index)).toEqual([0, 1, 2]);
  });

  test('an empty one has no keys', () => {
    const list = of();
    expect(list.getFirstKey()).toBeNull();
    expect(list.getLastKey()).toBeNull();
    expect(list.getItem('a')).toBeNull();
  });

  test('typing finds the next entry that begins so, around the end, without case and accents', () => {
    const list = of('Apple', 'banana', 'Émile', 'echo');
    expect(list.findText('e', 0, collator)).toBe('Émile');
    expect(list.findText('e', 3, collator)).toBe('echo');
    expect(list.findText('a', 2, collator)).toBe('Apple');
    expect(list.findText('x', 0, collator)).toBeNull();
  });

  test('a hundred thousand entries cost nodes only where they are looked at', () => {
    const list = of(...Array.from({ length: 100_000 }, (_, index) => `file-${index}`));
    expect(list.indexOf('file-99999')).toBe(99_999);
    expect(list.getItem('file-500')).toBe(list.getItem('file-500'));
  });
});

describe('the rows in sight', () => {
  test('are those of the window and some around it', () => {
    expect(rowRange(0, 360, 36, 100_000)).toEqual({ first: 0, end: 20 });
    expect(rowRange(36_000, 360, 36, 100_000)).toEqual({ first: 990, end: 1_020 });
    expect(rowRange(3_599_640, 360, 36, 100_000)).toEqual({ first: 99_980, end: 100_000 });
    expect(rowRange(0, 360, 36, 3)).toEqual({ first: 0, end: 3 });
  });
});
