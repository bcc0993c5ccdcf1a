/* SPDX-License-Identifier: MIT */
import { useQuery } from '@tanstack/react-query';
import { ChevronRight, Folder, FolderPlus, HardDrive } from 'lucide-react';
import { useState } from 'react';
import { listPage } from '../../api/files';
import { plural } from '../../lib/format';
import { isWithin, nameOf, parentOf } from '../../lib/paths';
import { AppDialog, DialogActions } from '../../ui/AppDialog';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { crumbsOf } from './Breadcrumbs';
import { NewFolderDialog } from './NewFolderDialog';

interface MoveDialogProps {
  paths: readonly string[];
  /** folder to begin in */
  from: string;
  verb: 'Move' | 'Copy';
  onClose: () => void;
  onChosen: (target: string) => void;
}

/** Lets choose a folder by walking into it. Folders come first in a listing, so its first page is enough for all but strange ones. */
export function MoveDialog({ paths, from, verb, onClose, onChosen }: MoveDialogProps) {
  const [at, setAt] = useState(from);
  const [creating, setCreating] = useState(false);
  const folders = useQuery({
    queryKey: ['folders', at],
    queryFn: async ({ signal }) => {
      const page = await listPage(at, 'name', 'asc', null, 5_000, signal);
      return page.files.filter((item) => item.type === 'directory');
    },
  });
  const choosable = folders.data?.filter((folder) => verb === 'Copy' || !paths.includes(folder.path)) ?? [];
  const useless =
    paths.some((path) => isWithin(at, path)) || (verb === 'Move' && paths.every((path) => parentOf(path) === at));
  const what = paths.length === 1 ? `“${nameOf(paths[0] as string)}”` : plural(paths.length, 'item');

  return (
    <AppDialog title={`${verb} ${what}`} wide onClose={onClose}>
      <nav aria-label="Chosen folder">
        <ol className="flex flex-wrap items-center gap-x-0.5 text-sm">
          {crumbsOf(at).map((crumb) => (
            <li key={crumb.path} className="flex items-center gap-0.5">
              {crumb.path !== '' && <ChevronRight size={14} aria-hidden className="text-soft" />}
              <button
                type="button"
                aria-current={crumb.path === at ? 'location' : undefined}
                className="flex items-center gap-1.5 rounded-md px-1.5 py-1 text-soft hover:bg-hover aria-[current]:font-semibold aria-[current]:text-text"
                onClick={() => setAt(crumb.path)}
              >
                {crumb.path === '' && <HardDrive size={14} aria-hidden />}
                {crumb.name}
              </button>
            </li>
          ))}
        </ol>
      </nav>
      <div
        tabIndex={0}
        role="group"
        aria-label="Folders in it"
        className="scroll-thin mt-3 h-64 overflow-y-auto rounded-xl border border-line p-1.5"
      >
        {folders.error && <Notice>{folders.error.message}</Notice>}
        {folders.data && choosable.length === 0 && (
          <p className="p-4 text-center text-sm text-soft">There are no folders in it.</p>
        )}
        <ul>
          {choosable.map((folder) => (
            <li key={folder.path}>
              <button
                type="button"
                className="focus-inset flex h-9 w-full items-center gap-2.5 rounded-lg px-2.5 text-left text-sm hover:bg-hover max-sm:h-11"
                onClick={() => setAt(folder.path)}
              >
                <Folder size={17} aria-hidden className="shrink-0 text-folder" fill="currentColor" fillOpacity={0.18} />
                <span className="min-w-0 grow truncate">{folder.name}</span>
                <ChevronRight size={15} aria-hidden className="shrink-0 text-soft" />
              </button>
            </li>
          ))}
        </ul>
      </div>
      <DialogActions>
        <Button className="mr-auto" onPress={() => setCreating(true)}>
          <FolderPlus size={16} aria-hidden />
          New folder
        </Button>
        <Button onPress={onClose}>Cancel</Button>
        <Button
          kind="primary"
          isDisabled={useless}
          onPress={() => {
            onClose();
            onChosen(at);
          }}
        >
          {verb} here
        </Button>
      </DialogActions>
      {creating && (
        <NewFolderDialog
          parent={at}
          onClose={() => setCreating(false)}
          onCreated={(name) => setAt(at === '' ? name : `${at}/${name}`)}
        />
      )}
    </AppDialog>
  );
}
