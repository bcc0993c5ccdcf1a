/* SPDX-License-Identifier: MIT */
import { type FormEvent, useState } from 'react';
import { api } from '../../api/index';
import { buttonStyle } from '../../ui/buttonStyle';
import { TextField } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { PasswordField } from './PasswordField';

/** The first administrator of a new NAS. The token proves that whoever sits here can read the NAS's journal. */
export function SetupForm({ onCreated }: { onCreated: (username: string) => void }) {
  const [token, setToken] = useState('');
  const [username, setUsername] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [repeated, setRepeated] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const mismatch = repeated !== '' && repeated !== password;

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (repeated !== password) return;
    setBusy(true);
    setError(null);
    try {
      const body: Record<string, string> = { username: username.trim(), password, setup_token: token.trim() };
      if (email.trim() !== '') body.email = email.trim();
      await api.json('POST', '/auth/setup', { authenticate: false, body });
      onCreated(username.trim());
    } catch (problem) {
      setError(problem instanceof Error ? problem.message : String(problem));
      setBusy(false);
    }
  }

  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => void submit(event)}>
      <p className="text-sm text-soft">Create the account of the first administrator.</p>
      {error && <Notice>{error}</Notice>}
      <TextField
        label="Setup token"
        name="setup_token"
        autoComplete="off"
        spellCheck={false}
        autoFocus
        required
        value={token}
        onChange={(event) => setToken(event.target.value)}
        hint={
          <>
            On the NAS: <code className="rounded bg-hover px-1 py-0.5">journalctl -u baluhostd</code>
          </>
        }
      />
      <TextField
        label="Name"
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        maxLength={64}
        value={username}
        onChange={(event) => setUsername(event.target.value)}
      />
      <TextField
        label="E-mail (optional)"
        name="email"
        type="email"
        autoComplete="email"
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <div className="grid items-start gap-4 sm:grid-cols-2">
        <PasswordField
          label="Password"
          name="password"
          autoComplete="new-password"
          required
          hint="At least 8 characters"
          value={password}
          onChange={setPassword}
        />
        <PasswordField
          label="Repeat the password"
          name="repeated"
          autoComplete="new-password"
          required
          error={mismatch ? 'The passwords differ' : null}
          value={repeated}
          onChange={setRepeated}
        />
      </div>
      <button type="submit" className={buttonStyle('primary')} disabled={busy || mismatch}>
        {busy ? 'Creating…' : 'Create administrator'}
      </button>
    </form>
  );
}
