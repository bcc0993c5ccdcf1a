/* SPDX-License-Identifier: MIT */
import { type FormEvent, useState } from 'react';
import { ApiError } from '../api/client';
import { changePassword } from '../api/users';
import { PasswordField } from '../pages/login/PasswordField';
import { AppDialog, DialogActions } from '../ui/AppDialog';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Notice';
import { showToast } from '../ui/toasts';

export function ChangePasswordDialog({ onClose }: { onClose: () => void }) {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [repeated, setRepeated] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const mismatch = repeated !== '' && repeated !== next;

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (repeated !== next) return;
    setBusy(true);
    setError(null);
    try {
      await changePassword(current, next);
      showToast('Your password is changed. Your other devices are signed out.');
      onClose();
    } catch (problem) {
      const wrong = problem instanceof ApiError && (problem.status === 400 || problem.status === 401);
      const reason = problem instanceof Error ? problem.message : String(problem);
      setError(wrong && /credential|password/i.test(reason) ? 'The current password is not right.' : reason);
      setBusy(false);
    }
  }

  return (
    <AppDialog title="Change password" onClose={onClose}>
      <form className="flex flex-col gap-4" onSubmit={(event) => void submit(event)}>
        {error && <Notice>{error}</Notice>}
        <PasswordField
          label="Current password"
          name="current"
          autoComplete="current-password"
          autoFocus
          required
          value={current}
          onChange={setCurrent}
        />
        <PasswordField
          label="New password"
          name="next"
          autoComplete="new-password"
          required
          hint="At least 8 characters"
          value={next}
          onChange={setNext}
        />
        <PasswordField
          label="Repeat the new password"
          name="repeated"
          autoComplete="new-password"
          required
          error={mismatch ? 'The passwords differ' : null}
          value={repeated}
          onChange={setRepeated}
        />
        <DialogActions>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isDisabled={busy || mismatch}>
            Change password
          </Button>
        </DialogActions>
      </form>
    </AppDialog>
  );
}
