/* SPDX-License-Identifier: MIT */
import { expect, test } from 'vitest';
import { collectDrop, collectInput } from './collect';

type Made = FileSystemEntry & { children?: Made[] };

function fileEntry(name: string, readable = true): Made {
  return {
    name,
    isFile: true,
    isDirectory: false,
    file: (done: (file: File) => void, failed: (error: Error) => void) =>
      readable ? done(new File(['x'], name)) : failed(new Error('NotFoundError')),
  } as unknown as Made;
}

/** A folder whose reader hands out two at a time, as browsers do a hundred. */
function folderEntry(name: string, children: Made[], readable = true): Made {
  return {
    name,
    isFile: false,
    isDirectory: true,
    createReader: () => {
      let at = 0;
      return {
        readEntries: (done: (some: Made[]) => void, failed: (error: Error) => void) => {
          if (!readable) failed(new Error('NotReadableError'));
          else {
            done(children.slice(at, at + 2));
            at += 2;
          }
        },
      };
    },
  } as unknown as Made;
}

function dropOf(...entries: Made[]): Pick<DataTransfer, 'items'> {
  const items = entries.map((entry) => ({ kind: 'file', webkitGetAsEntry: () => entry, getAsFile: () => null }));
  return { items: items as unknown as DataTransferItemList };
}

test('a_nested_folder_is_found_whole_with_its_empty_folders', async () => {
  const dropped = dropOf(
    folderEntry('a', [
      fileEntry('1'),
      fileEntry('2'),
      fileEntry('3'),
      folderEntry('b', [fileEntry('4')]),
      folderEntry('c', []),
    ]),
    fileEntry('5'),
  );
  const counts: number[] = [];
  const { entries, unreadable } = await collectDrop(dropped, (count) => counts.push(count));
  expect(entries.map((entry) => entry.path)).toEqual(['a/1', 'a/2', 'a/3', 'a/b/4', 'a/c', '5']);
  expect(entries.find((entry) => entry.path === 'a/c')?.file).toBeNull();
  expect(unreadable).toEqual([]);
  expect(counts.at(-1)).toBe(6);
});

test('what_cannot_be_read_is_named_and_leaves_the_rest_alone', async () => {
  const dropped = dropOf(
    folderEntry('a', [fileEntry('gone', false), fileEntry('kept'), folderEntry('locked', [], false)]),
    fileEntry('broken', false),
  );
  const { entries, unreadable } = await collectDrop(dropped);
  expect(entries.map((entry) => entry.path)).toEqual(['a/kept']);
  expect(unreadable).toEqual(['a/gone', 'a/locked', 'broken']);
});

test('a_folder_that_leads_back_into_itself_ends', async () => {
  const children: Made[] = [];
  const loop = folderEntry('loop', children);
  children.push(loop);
  const { entries, unreadable } = await collectDrop(dropOf(loop));
  expect(entries).toEqual([]);
  expect(unreadable).toHaveLength(1);
});

test('a_chosen_folder_keeps_its_paths', () => {
  const file = new File(['x'], 'one.txt');
  Object.defineProperty(file, 'webkitRelativePath', { value: 'folder/sub/one.txt' });
  const list = [file, new File(['y'], 'two.txt')] as unknown as FileList;
  expect(collectInput(list).map((entry) => entry.path)).toEqual(['folder/sub/one.txt', 'two.txt']);
});
