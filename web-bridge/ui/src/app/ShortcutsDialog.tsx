/* SPDX-License-Identifier: MIT */
import { AppDialog } from '../ui/AppDialog';

const SHORTCUTS: readonly [keys: string, does: string][] = [
  ['Enter', 'Open a folder, preview a file'],
  ['Backspace, Alt+↑', 'Folder above'],
  ['Home, End, Page up, Page down', 'Move through the list'],
  ['Letters', 'Go to the name that begins so'],
  ['Space, Ctrl+click', 'Select one more, or one less'],
  ['Shift+arrows, Shift+click', 'Select a range'],
  ['Ctrl+A, Escape', 'Select all, nothing'],
  ['F2', 'Rename'],
  ['Delete', 'Move to the trash'],
  ['Ctrl+X, Ctrl+C, Ctrl+V', 'Cut, copy, paste'],
  ['Ctrl+Z', 'Take back the last change'],
  ['Shift+F10, Menu key', 'What can be done with it'],
  ['←, →', 'Previous and next file of a preview'],
];

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  return (
    <AppDialog title="Keyboard shortcuts" wide onClose={onClose}>
      <dl className="grid grid-cols-[minmax(0,2fr)_minmax(0,3fr)] gap-x-4 gap-y-2 text-sm">
        {SHORTCUTS.map(([keys, does]) => (
          <div key={keys} className="contents">
            <dt className="font-medium">{keys}</dt>
            <dd className="text-soft">{does}</dd>
          </div>
        ))}
      </dl>
    </AppDialog>
  );
}
