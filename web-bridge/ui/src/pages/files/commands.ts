/* SPDX-License-Identifier: MIT */
import type { QueryClient } from '@tanstack/react-query';
import { ApiError } from '../../api/client';
import * as files from '../../api/files';
import { session } from '../../api/index';
import { plural } from '../../lib/format';
import { watchJob } from '../../lib/jobs';
import { inParallel } from '../../lib/parallel';
import { isWithin, joinPath, nameOf, numberedName, parentOf } from '../../lib/paths';
import { offerUndo, undoable } from '../../lib/undo';
import { showError, showToast } from '../../ui/toasts';
import { patchListing, refreshFolders } from './listing';

/* What can be done with files, each with its word about how it went and its way back. They refresh the folders that they touch. */

const PARALLEL = 4;

function called(paths: readonly string[]): string {
  return paths.length === 1 ? `“${nameOf(paths[0] as string)}”` : plural(paths.length, 'item');
}

export function folderName(path: string): string {
  return path === '' ? 'Files' : `“${nameOf(path)}”`;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function foldersOf(paths: readonly string[]): Set<string> {
  return new Set(paths.map(parentOf));
}

function hide(client: QueryClient, paths: readonly string[]): void {
  const gone = new Set(paths);
  for (const folder of foldersOf(paths)) {
    patchListing(client, folder, (items) => items.filter((item) => !gone.has(item.path)));
  }
}

export const deleteFiles = undoable(async (client: QueryClient, paths: readonly string[]): Promise<void> => {
  hide(client, paths);
  const { done, failed } = await inParallel(paths, PARALLEL, files.remove);
  const touched = foldersOf(paths);
  refreshFolders(client, touched);
  void client.invalidateQueries({ queryKey: ['trash'] });

  const ids = done.map(({ value }) => value).filter((id) => id !== null);
  if (ids.length > 0) {
    offerUndo({
      done: `Moved ${called(done.map(({ item }) => item))} to the trash`,
      revert: async () => {
        const back = await inParallel(ids, PARALLEL, (id) => files.restore(id));
        refreshFolders(client, touched);
        void client.invalidateQueries({ queryKey: ['trash'] });
        if (back.failed[0]) throw new Error(`${plural(back.failed.length, 'item')}: ${reason(back.failed[0].error)}`);
      },
    });
  }
  if (failed[0]) showError(failed[0].error, `Could not delete ${called(failed.map(({ item }) => item))}`);
});

export const renameFile = undoable(async (client: QueryClient, path: string, newName: string): Promise<void> => {
  const folder = parentOf(path);
  const oldName = nameOf(path);
  const newPath = joinPath(folder, newName);
  await files.rename(path, newName);
  patchListing(client, folder, (items) =>
    items.map((item) => (item.path === path ? { ...item, name: newName, path: newPath } : item)),
  );
  refreshFolders(client, [folder]);
  offerUndo({
    done: `Renamed to “${newName}”`,
    revert: async () => {
      await files.rename(newPath, oldName);
      refreshFolders(client, [folder]);
    },
  });
});

/** Of `paths` those that make sense to put into `target`: not what is there already, not a folder into itself. */
export function movable(paths: readonly string[], target: string): string[] {
  return paths.filter((path) => parentOf(path) !== target && !isWithin(target, path));
}

export const moveFiles = undoable(
  async (client: QueryClient, paths: readonly string[], target: string): Promise<void> => {
    const sources = movable(paths, target);
    if (sources.length === 0) return;
    const { done, failed } = await inParallel(sources, PARALLEL, async (path) => {
      const to = joinPath(target, nameOf(path));
      await files.move(path, to);
      return to;
    });
    reportMoves(
      client,
      target,
      done.map(({ item, value }) => ({ from: item, to: value })),
    );
    const taken = failed
      .filter(({ error }) => error instanceof ApiError && error.status === 409)
      .map(({ item }) => item);
    const others = failed.filter(({ item }) => !taken.includes(item));
    if (taken.length > 0) {
      const verb = taken.length === 1 ? 'exists' : 'exist';
      showToast(`${called(taken)} ${verb} already in ${folderName(target)}`, {
        kind: 'error',
        action: { label: 'Keep both', run: () => void moveRenamed(client, taken, target) },
      });
    }
    if (others[0]) showError(others[0].error, `Could not move ${called(others.map(({ item }) => item))}`);
  },
);

async function moveRenamed(client: QueryClient, paths: readonly string[], target: string): Promise<void> {
  const { done, failed } = await inParallel(paths, PARALLEL, async (path) => {
    for (let n = 2; ; n += 1) {
      const to = joinPath(target, numberedName(nameOf(path), n));
      try {
        await files.move(path, to);
        return to;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 409 || n > 200) throw error;
      }
    }
  });
  reportMoves(
    client,
    target,
    done.map(({ item, value }) => ({ from: item, to: value })),
  );
  if (failed[0]) showError(failed[0].error, `Could not move ${called(failed.map(({ item }) => item))}`);
}

function reportMoves(client: QueryClient, target: string, moves: readonly { from: string; to: string }[]): void {
  const touched = new Set([target, ...moves.map(({ from }) => parentOf(from))]);
  hide(
    client,
    moves.map(({ from }) => from),
  );
  refreshFolders(client, touched);
  if (moves.length === 0) return;
  offerUndo({
    done: `Moved ${called(moves.map(({ to }) => to))} to ${folderName(target)}`,
    revert: async () => {
      const back = await inParallel(moves, PARALLEL, ({ from, to }) => files.move(to, from));
      refreshFolders(client, touched);
      if (back.failed[0]) throw back.failed[0].error;
    },
  });
}

export async function copyFiles(client: QueryClient, paths: readonly string[], target: string): Promise<void> {
  const { done, failed } = await inParallel(paths, PARALLEL, async (path) => {
    const id = await files.copy(path, target);
    const end = await watchJob(id, `Copying “${nameOf(path)}”`);
    refreshFolders(client, [target]);
    if (end.state === 'failed') throw new Error(end.error ?? 'The copy failed');
    return end.state;
  });
  const copied = done.filter(({ value }) => value === 'succeeded').map(({ item }) => item);
  if (copied.length > 0) showToast(`Copied ${called(copied)} to ${folderName(target)}`);
  if (failed[0]) showError(failed[0].error, `Could not copy ${called(failed.map(({ item }) => item))}`);
}

/** Browsers drop downloads that are started within the same moment. */
const BETWEEN_DOWNLOADS_MS = 400;

export async function downloadFiles(paths: readonly string[]): Promise<void> {
  for (const [index, path] of paths.entries()) {
    if (index > 0) await new Promise((resolve) => setTimeout(resolve, BETWEEN_DOWNLOADS_MS));
    // The cookie that authorises the download lives as long as the access token.
    await session.fresh();
    const link = document.createElement('a');
    link.href = files.contentUrl(path);
    link.download = nameOf(path);
    document.body.append(link);
    link.click();
    link.remove();
  }
}
