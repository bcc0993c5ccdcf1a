/* SPDX-License-Identifier: MIT */
import { Check, ChevronsUpDown, Keyboard, KeyRound, LogOut, Monitor, MonitorSmartphone, Moon, Sun } from 'lucide-react';
import { useState } from 'react';
import { Button as AriaButton } from 'react-aria-components/Button';
import { signOut } from '../api/index';
import type { User } from '../api/types';
import { useStore } from '../lib/store';
import { setTheme, type Theme, theme } from '../lib/theme';
import { type Command, MenuButton } from '../ui/AppMenu';
import { cx } from '../ui/cx';
import { showError } from '../ui/toasts';
import { uploads } from '../uploads/index';
import { ChangePasswordDialog } from './ChangePasswordDialog';
import { SessionsDialog } from './SessionsDialog';
import { ShortcutsDialog } from './ShortcutsDialog';

const THEMES: { id: Theme; label: string; icon: typeof Sun }[] = [
  { id: 'system', label: 'Theme of the system', icon: Monitor },
  { id: 'light', label: 'Light theme', icon: Sun },
  { id: 'dark', label: 'Dark theme', icon: Moon },
];

export function Avatar({ name, muted = false }: { name: string; muted?: boolean }) {
  return (
    <span
      aria-hidden
      className={cx(
        'grid size-8 shrink-0 place-items-center rounded-full text-xs font-semibold uppercase',
        muted ? 'bg-pressed text-soft' : 'bg-tint text-accent',
      )}
    >
      {name.slice(0, 2)}
    </span>
  );
}

export function UserMenu({ user, compact = false }: { user: User; compact?: boolean }) {
  const [dialog, setDialog] = useState<'password' | 'sessions' | 'shortcuts' | null>(null);
  const chosen = useStore(theme);

  function leave(): void {
    if (uploads.busy && !window.confirm('Files are still being uploaded. Sign out and stop them?')) return;
    uploads.reset();
    signOut().catch((error: unknown) => showError(error, 'Signed out here, but the NAS could not be told'));
  }

  const themes: Command[] = THEMES.map(({ id, label, icon }) => ({
    id: `theme-${id}`,
    label: chosen === id ? `${label} (chosen)` : label,
    icon: chosen === id ? Check : icon,
    run: () => setTheme(id),
  }));

  return (
    <>
      <MenuButton
        label="Account"
        commands={[
          { id: 'password', label: 'Change password…', icon: KeyRound, run: () => setDialog('password') },
          { id: 'sessions', label: 'Signed-in devices…', icon: MonitorSmartphone, run: () => setDialog('sessions') },
          { id: 'shortcuts', label: 'Keyboard shortcuts…', icon: Keyboard, run: () => setDialog('shortcuts') },
          null,
          ...themes,
          null,
          { id: 'sign-out', label: 'Sign out', icon: LogOut, run: leave },
        ]}
      >
        <AriaButton
          aria-label={`Account of ${user.username}`}
          className={cx(
            'flex items-center gap-2.5 rounded-xl text-left transition-colors hover:bg-pressed/60',
            compact ? 'p-1' : 'p-2',
          )}
        >
          <Avatar name={user.username} />
          {!compact && (
            <>
              <span className="min-w-0 grow leading-tight">
                <span className="block truncate text-sm font-medium">{user.username}</span>
                <span className="block text-xs text-soft">{user.role === 'admin' ? 'Administrator' : 'User'}</span>
              </span>
              <ChevronsUpDown size={15} aria-hidden className="shrink-0 text-soft" />
            </>
          )}
        </AriaButton>
      </MenuButton>
      {dialog === 'password' && <ChangePasswordDialog onClose={() => setDialog(null)} />}
      {dialog === 'shortcuts' && <ShortcutsDialog onClose={() => setDialog(null)} />}
      {dialog === 'sessions' && <SessionsDialog onClose={() => setDialog(null)} />}
    </>
  );
}
