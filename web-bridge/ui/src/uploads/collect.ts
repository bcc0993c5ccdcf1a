/* SPDX-License-Identifier: MIT */
import type { Entry } from './queue';

/* What was dropped or chosen, as a flat list. Folders that hold something come into being with it; only empty ones are entries of their own. */

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

function readSome(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}

async function childrenOf(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  // A reader hands out a hundred or so at a time, and nothing at the end.
  for (;;) {
    const some = await readSome(reader);
    if (some.length === 0) return all;
    all.push(...some);
  }
}

async function walk(
  entry: FileSystemEntry,
  path: string,
  into: Entry[],
  onFound: (count: number) => void,
): Promise<void> {
  if (entry.isFile) {
    into.push({ path, file: await fileOf(entry as FileSystemFileEntry) });
    onFound(into.length);
    return;
  }
  const children = await childrenOf(entry as FileSystemDirectoryEntry);
  if (children.length === 0) into.push({ path, file: null });
  for (const child of children) await walk(child, `${path}/${child.name}`, into, onFound);
}

/**
 * Takes what a drop event carries. The roots are taken hold of at once, for the browser forgets them after the event; walking them may take a while.
 * Rejects when something cannot be read.
 */
export function collectDrop(transfer: DataTransfer, onFound: (count: number) => void = () => {}): Promise<Entry[]> {
  const roots: FileSystemEntry[] = [];
  const loose: Entry[] = [];
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry();
    if (entry) roots.push(entry);
    else {
      const file = item.getAsFile();
      if (file) loose.push({ path: file.name, file });
    }
  }
  return (async () => {
    const found: Entry[] = [...loose];
    for (const root of roots) await walk(root, root.name, found, onFound);
    return found;
  })();
}

/** Takes what an <input type="file"> has; of a chosen folder the paths begin with its name. */
export function collectInput(files: FileList): Entry[] {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}
