/* SPDX-License-Identifier: MIT */
import { describe, expect, test } from 'vitest';
import {
  decodePath,
  encodePath,
  isWithin,
  joinPath,
  nameOf,
  nameProblem,
  numberedName,
  parentOf,
  splitName,
} from './paths';

test('paths are joined and taken apart without slashes at the ends', () => {
  expect(joinPath('', 'a')).toBe('a');
  expect(joinPath('a', '', 'b/c')).toBe('a/b/c');
  expect(parentOf('a/b/c')).toBe('a/b');
  expect(parentOf('a')).toBe('');
  expect(nameOf('a/b/c')).toBe('c');
});

test.each(['100%', 'a%2Fb', 'ünï/çödé', 'what? #1', 'a+b & c', '日本/語'])('“%s” survives an address', (path) => {
  expect(decodePath(encodePath(path))).toBe(path);
  expect(encodePath(path)).not.toMatch(/[?# ]/);
});

test('an address that is no encoded path is noticed', () => {
  expect(decodePath('100%')).toBeNull();
});

test('a folder is within itself and what is above it, but not in a sibling that begins alike', () => {
  expect(isWithin('a/b', 'a')).toBe(true);
  expect(isWithin('a', 'a')).toBe(true);
  expect(isWithin('ab', 'a')).toBe(false);
  expect(isWithin('a', '')).toBe(true);
});

test.each([
  ['photo.jpg', 'photo', '.jpg'],
  ['photo.tar.gz', 'photo', '.tar.gz'],
  ['.bashrc', '.bashrc', ''],
  ['.tar.gz', '.tar', '.gz'],
  ['README', 'README', ''],
  ['v1.2', 'v1', '.2'],
])('“%s” has the stem “%s” and the extension “%s”', (name, stem, extension) => {
  expect(splitName(name)).toEqual([stem, extension]);
});

test('the number of a copy goes before the extension and replaces an earlier one', () => {
  expect(numberedName('photo.jpg', 2)).toBe('photo (2).jpg');
  expect(numberedName('photo (2).jpg', 3)).toBe('photo (3).jpg');
  expect(numberedName('folder', 2)).toBe('folder (2)');
});

describe('names', () => {
  test.each(['', '.', '..', 'a/b', 'a\u0000b', 'a\nb', 'ü'.repeat(128)])('%j is refused', (name) => {
    expect(nameProblem(name)).not.toBeNull();
  });
  test.each(['a', '...', '.hidden', 'ü'.repeat(127), 'a\\b', 'CON', 'a:b'])('%j is allowed', (name) => {
    expect(nameProblem(name)).toBeNull();
  });
});
