/* SPDX-License-Identifier: MIT */
import { type FormEvent, useState } from 'react';
import { ApiError } from '../../api/client';
import { session } from '../../api/index';
import { plural } from '../../lib/format';
import { buttonStyle } from '../../ui/buttonStyle';
import { TextField } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { PasswordField } from './PasswordField';

function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.status === 401) return 'The name or the password is not right.';
  if (error.status === 429) {
    const wait = error.retryAfter === null ? 'a while' : plural(Math.max(1, Math.ceil(error.retryAfter)), 'second');
    return `Too many attempts. Try again in ${wait}.`;
  }
  return error.message;
}

interface SignInFormProps {
  ended: boolean;
  /** name of the account that was just set up */
  created: string | null;
  developmentMode: boolean;
}

export function SignInForm({ ended, created, developmentMode }: SignInFormProps) {
  const [username, setUsername] = useState(created ?? '');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await session.login(username.trim(), password);
    } catch (problem) {
      setError(explain(problem));
      setBusy(false);
    }
  }

  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => void submit(event)}>
      {ended && !error && <Notice kind="info">Your session has ended. Please sign in again.</Notice>}
      {created && !error && <Notice kind="info">The account “{created}” is ready. Sign in with it.</Notice>}
      {error && <Notice>{error}</Notice>}
      <TextField
        label="Name"
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        autoFocus={created === null}
        required
        maxLength={64}
        value={username}
        onChange={(event) => setUsername(event.target.value)}
      />
      <PasswordField
        label="Password"
        name="password"
        autoComplete="current-password"
        autoFocus={created !== null}
        required
        value={password}
        onChange={setPassword}
      />
      <button type="submit" className={buttonStyle('primary')} disabled={busy}>
        {busy ? 'Signing in…' : 'Sign in'}
      </button>
      {developmentMode && (
        <div className="border-t border-line pt-4 text-xs text-soft">
          <p className="mb-1 font-medium text-text">Development mode</p>
          <p>
            <code>admin</code> / <code>changeme</code>, <code>alex</code> / <code>demo123</code>, <code>maria</code> /{' '}
            <code>demo123</code>
          </p>
        </div>
      )}
    </form>
  );
}
