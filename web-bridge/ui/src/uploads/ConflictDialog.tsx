/* SPDX-License-Identifier: MIT */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { stat } from '../api/files';
import { formatBytes, formatCount, formatDate, formatExactBytes, formatExactDate } from '../lib/format';
import { nameOf, parentOf } from '../lib/paths';
import { AppDialog, DialogActions } from '../ui/AppDialog';
import { Button } from '../ui/Button';
import { uploads } from './index';
import type { Choice, Task } from './queue';

function Side({ title, size, modified }: { title: string; size: number | null; modified: string | null }) {
  return (
    <div className="min-w-0 grow basis-0 rounded-xl border border-line px-3 py-2.5">
      <p className="text-xs text-soft">{title}</p>
      <p className="mt-0.5 text-sm font-medium tabular-nums" title={size === null ? undefined : formatExactBytes(size)}>
        {size === null ? 'a folder' : formatBytes(size)}
      </p>
      <p className="text-xs text-soft" title={formatExactDate(modified)}>
        {formatDate(modified)}
      </p>
    </div>
  );
}

/** What to do with a file whose name is taken. The other uploads go on meanwhile. */
export function ConflictDialog({ task, waiting }: { task: Task; waiting: number }) {
  const [forAll, setForAll] = useState(false);
  const existing = useQuery({
    queryKey: ['stat', task.path, task.id],
    queryFn: ({ signal }) => stat(task.path, signal),
  });
  const replaceable = task.obstacle === 'file';
  const answer = (choice: Choice) => uploads.answer(task, choice, forAll);
  const folder = parentOf(task.path);

  return (
    <AppDialog title={`“${nameOf(task.path)}” exists already`} onClose={() => answer('skip')} role="alertdialog" wide>
      <p className="text-sm text-soft">
        {folder === '' ? 'In the top folder' : `In “${folder}”`} there is a {replaceable ? 'file' : 'folder'} of this
        name.
      </p>
      <div className="mt-4 flex gap-3">
        <Side
          title="On the NAS"
          size={existing.data?.type === 'file' ? existing.data.size : existing.data ? null : 0}
          modified={existing.data?.modified_at ?? null}
        />
        <Side
          title="Yours"
          size={task.size}
          modified={task.file ? new Date(task.file.lastModified).toISOString() : null}
        />
      </div>
      <label className="mt-4 flex w-fit items-center gap-2.5 text-sm">
        <input
          type="checkbox"
          className="size-4"
          checked={forAll}
          onChange={(event) => setForAll(event.target.checked)}
        />
        Do the same for all further ones
        {waiting > 1 && <span className="text-soft">({formatCount(waiting - 1)} waiting)</span>}
      </label>
      <DialogActions>
        <Button onPress={() => answer('skip')}>Skip</Button>
        {replaceable && <Button onPress={() => answer('replace')}>Replace</Button>}
        <Button kind="primary" autoFocus onPress={() => answer('keep-both')}>
          Keep both
        </Button>
      </DialogActions>
    </AppDialog>
  );
}
