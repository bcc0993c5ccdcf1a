/* SPDX-License-Identifier: MIT */
import { type ReactNode, useState } from 'react';
import { AppDialog, DialogActions } from './AppDialog';
import { Button } from './Button';
import { Notice } from './Notice';

interface ConfirmDialogProps {
  title: string;
  children: ReactNode;
  confirm: string;
  onClose: () => void;
  run: () => Promise<void>;
}

/** Asks before something that cannot be undone. */
export function ConfirmDialog({ title, children, confirm, onClose, run }: ConfirmDialogProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function go(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await run();
      onClose();
    } catch (problem) {
      setError(problem instanceof Error ? problem.message : String(problem));
      setBusy(false);
    }
  }

  return (
    <AppDialog title={title} onClose={onClose} role="alertdialog">
      <div className="flex flex-col gap-3 text-sm text-soft">
        {children}
        {error && <Notice>{error}</Notice>}
      </div>
      <DialogActions>
        <Button onPress={onClose} autoFocus>
          Cancel
        </Button>
        <Button kind="danger" isDisabled={busy} onPress={() => void go()}>
          {confirm}
        </Button>
      </DialogActions>
    </AppDialog>
  );
}
