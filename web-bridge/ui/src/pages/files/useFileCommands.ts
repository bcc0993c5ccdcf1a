/* SPDX-License-Identifier: MIT */
import { useQueryClient } from '@tanstack/react-query';
import {
  ClipboardPaste,
  Copy,
  CornerUpLeft,
  Download,
  Eye,
  FolderInput,
  FolderOpen,
  FolderPlus,
  PencilLine,
  Scissors,
  SquareCheck,
  Trash2,
} from 'lucide-react';
import { type KeyboardEvent, useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { folderHref } from '../../api/files';
import type { FileItem } from '../../api/types';
import { nameOf, parentOf } from '../../lib/paths';
import { Store, useStore } from '../../lib/store';
import { undoLast } from '../../lib/undo';
import type { Command, Commands } from '../../ui/AppMenu';
import { showToast } from '../../ui/toasts';
import { copyFiles, deleteFiles, downloadFiles, moveFiles } from './commands';
import { placeFocus } from './placeFocus';
import type { DropActions } from './useFolderDrop';

interface Clipboard {
  verb: 'copy' | 'cut';
  paths: readonly string[];
}

/** What was cut or copied here. It stays while one walks to another folder. */
const clipboard = new Store<Clipboard | null>(null);

type Dialog =
  | { kind: 'new-folder' }
  | { kind: 'move' | 'copy'; paths: readonly string[]; run: (target: string) => void };

interface Situation {
  path: string;
  selected: readonly FileItem[];
  mayAdd: boolean;
  open: (name: string) => void;
  rename: (name: string) => void;
  clear: () => void;
}

/** Everything that can be done in a folder: as menus, as a bar, by keys and by dropping. Each has one definition. */
export function useFileCommands({ path, selected, mayAdd, open, rename, clear }: Situation) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const held = useStore(clipboard);

  const paths = selected.map((item) => item.path);
  const files = selected.filter((item) => item.type === 'file');
  const only = selected.length === 1 ? selected[0] : undefined;
  const writable = selected.length > 0 && selected.every((item) => item.is_writable);

  const drops: DropActions = {
    move: (sources, target) => {
      clear();
      void moveFiles(client, sources, target);
    },
    copy: (sources, target) => void copyFiles(client, sources, target),
  };

  const paste = () => {
    if (!held) return;
    if (held.verb === 'cut') {
      clipboard.set(null);
      drops.move(held.paths, path);
    } else drops.copy(held.paths, path);
  };
  const hold = (verb: Clipboard['verb']) => {
    clipboard.set({ verb, paths });
    showToast(
      `${selected.length === 1 ? `“${nameOf(paths[0] as string)}”` : `${selected.length} items`} ready to paste`,
    );
  };

  const openIt: Command = {
    id: 'open',
    label: only?.type === 'directory' ? 'Open' : 'Preview',
    icon: only?.type === 'directory' ? FolderOpen : Eye,
    keys: 'Enter',
    run: () => only && open(only.name),
  };
  const download: Command = {
    id: 'download',
    label: 'Download',
    icon: Download,
    disabled: files.length === 0 || files.length !== selected.length,
    run: () => void downloadFiles(paths),
  };
  const renameIt: Command = {
    id: 'rename',
    label: 'Rename',
    icon: PencilLine,
    keys: 'F2',
    disabled: !writable || !only,
    run: () => only && rename(only.name),
  };
  const moveIt: Command = {
    id: 'move',
    label: 'Move…',
    icon: FolderInput,
    disabled: !writable,
    run: () => setDialog({ kind: 'move', paths, run: (target) => drops.move(paths, target) }),
  };
  const copyIt: Command = {
    id: 'copy',
    label: 'Copy…',
    icon: Copy,
    run: () => setDialog({ kind: 'copy', paths, run: (target) => drops.copy(paths, target) }),
  };
  const deleteIt: Command = {
    id: 'delete',
    label: 'Delete',
    icon: Trash2,
    keys: 'Del',
    danger: true,
    disabled: !writable,
    run: () => {
      clear();
      void deleteFiles(client, paths);
    },
  };
  const cut: Command = {
    id: 'cut',
    label: 'Cut',
    icon: Scissors,
    keys: 'Ctrl+X',
    disabled: !writable,
    run: () => hold('cut'),
  };
  const copyHere: Command = {
    id: 'clip',
    label: 'Copy to clipboard',
    icon: SquareCheck,
    keys: 'Ctrl+C',
    run: () => hold('copy'),
  };
  const pasteHere: Command = {
    id: 'paste',
    label: 'Paste here',
    icon: ClipboardPaste,
    keys: 'Ctrl+V',
    disabled: !held || !mayAdd,
    run: paste,
  };
  const newFolder: Command = {
    id: 'new-folder',
    label: 'New folder…',
    icon: FolderPlus,
    disabled: !mayAdd,
    run: () => setDialog({ kind: 'new-folder' }),
  };
  const up: Command = {
    id: 'up',
    label: 'Folder above',
    icon: CornerUpLeft,
    keys: 'Alt+↑',
    disabled: path === '',
    run: () => {
      placeFocus(parentOf(path), nameOf(path));
      void navigate(folderHref(parentOf(path)));
    },
  };

  const bulk: Command[] = [download, ...(only ? [renameIt] : []), moveIt, copyIt, deleteIt];
  const context: Commands = [
    ...(only ? [openIt] : []),
    download,
    null,
    ...(only ? [renameIt] : []),
    moveIt,
    copyIt,
    null,
    cut,
    copyHere,
    pasteHere,
    null,
    deleteIt,
  ];
  const background: Commands = [newFolder, pasteHere, null, up];

  const onKeyDown = (event: KeyboardEvent) => {
    const ctrl = event.ctrlKey || event.metaKey;
    const command =
      event.key === 'F2'
        ? renameIt
        : event.key === 'Delete' && !ctrl
          ? deleteIt
          : ctrl && event.key === 'x'
            ? cut
            : ctrl && event.key === 'c'
              ? copyHere
              : ctrl && event.key === 'v'
                ? pasteHere
                : (event.altKey && event.key === 'ArrowUp') || event.key === 'Backspace'
                  ? up
                  : null;
    if (!command || (selected.length === 0 && command !== pasteHere && command !== up)) return;
    event.preventDefault();
    if (!command.disabled) command.run();
  };

  // Undo works wherever the focus is, but for text fields, which have their own.
  useEffect(() => {
    const onUndo = (event: globalThis.KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key !== 'z' || event.shiftKey) return;
      if ((event.target as Element | null)?.closest('input:not([type=checkbox]), textarea')) return;
      if (undoLast()) event.preventDefault();
    };
    document.addEventListener('keydown', onUndo);
    return () => document.removeEventListener('keydown', onUndo);
  }, []);

  return {
    bulk,
    context,
    background,
    drops,
    onKeyDown,
    dialog,
    closeDialog: () => setDialog(null),
    newFolder: newFolder.run,
    isCut: (entry: string) => held?.verb === 'cut' && held.paths.includes(entry),
  };
}
