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

/** What was found, and the paths of what could not be read: no reason to leave the rest behind. */
export interface Collected {
  entries: Entry[];
  unreadable: string[];
}

/** The NAS takes no deeper paths; here it also ends the walk through a folder that leads back into itself. */
const DEEPEST = 64;

async function walk(
  entry: FileSystemEntry,
  path: string,
  depth: number,
  into: Collected,
  onFound: (count: number) => void,
): Promise<void> {
  try {
    if (depth > DEEPEST) throw new Error('too deep');
    if (entry.isFile) {
      into.entries.push({ path, file: await fileOf(entry as FileSystemFileEntry) });
      onFound(into.entries.length);
      return;
    }
    const children = await childrenOf(entry as FileSystemDirectoryEntry);
    if (children.length === 0) into.entries.push({ path, file: null });
    for (const child of children) await walk(child, `${path}/${child.name}`, depth + 1, into, onFound);
  } catch {
    into.unreadable.push(path);
  }
}

/**
 * Takes what a drop event carries. The roots are taken hold of at once, for the browser forgets them after the event; walking them may take a while.
 */
export async function collectDrop(
  transfer: Pick<DataTransfer, 'items'>,
  onFound: (count: number) => void = () => {},
): Promise<Collected> {
  const roots: FileSystemEntry[] = [];
  const found: Collected = { entries: [], unreadable: [] };
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry();
    const file = entry ? null : item.getAsFile();
    if (entry) roots.push(entry);
    else if (file) found.entries.push({ path: file.name, file });
  }
  for (const root of roots) await walk(root, root.name, 1, found, onFound);
  return found;
}

/** Takes what an <input type="file"> has; of a chosen folder the paths begin with its name. */
export function collectInput(files: FileList): Entry[] {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}
