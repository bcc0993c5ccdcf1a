/* SPDX-License-Identifier: MIT */
import { expect, test } from 'vitest';
import type { FileItem } from '../../api/types';
import { kindOf, previewKind } from './kinds';
import { neighbour, selectedItems } from './selection';

function item(name: string, type: FileItem['type'] = 'file', size = 5): FileItem {
  return {
    id: name,
    name,
    path: name,
    size: type === 'file' ? size : 0,
    type,
    is_directory: type === 'directory',
    modified_at: null,
    modified: null,
    owner_id: null,
    etag: '',
    is_writable: true,
  };
}

const folder = [item('Music', 'directory'), item('a.txt'), item('b.jpg'), item('c.mp4')];

test('a selection counts bytes of files only, and forgets what is gone', () => {
  expect(selectedItems(folder, new Set(['Music'])).bytes).toBeNull();
  expect(selectedItems(folder, new Set(['Music', 'a.txt', 'b.jpg', 'gone']))).toMatchObject({ bytes: 10 });
  expect(selectedItems(folder, new Set(['gone'])).items).toEqual([]);
  expect(selectedItems(folder, 'all').items).toHaveLength(4);
});

test('the next file skips folders and stops at the ends', () => {
  expect(neighbour(folder, 'a.txt', 1)?.name).toBe('b.jpg');
  expect(neighbour(folder, 'a.txt', -1)).toBeNull();
  expect(neighbour(folder, 'c.mp4', 1)).toBeNull();
  expect(neighbour(folder, 'gone', 1)).toBeNull();
});

test('kinds are told by extension, whatever its case', () => {
  expect(kindOf('IMG_1.JPG')).toBe('image');
  expect(kindOf('backup.tar.gz')).toBe('archive');
  expect(kindOf('LICENSE')).toBe('text');
  expect(kindOf('pictures.jpg', true)).toBe('folder');
  expect(kindOf('mystery')).toBe('other');
});

test('active content is never previewed as itself', () => {
  expect(previewKind('page.html', 'text/html')).toBe('text');
  expect(previewKind('drawing.svg', 'image/svg+xml')).toBe('text');
  expect(previewKind('mystery', 'text/x-csrc')).toBe('text');
  expect(previewKind('mystery', 'application/octet-stream')).toBeNull();
});
