/* SPDX-License-Identifier: MIT */
import { FolderClosed, HardDrive, Trash2, Users } from 'lucide-react';
import type { ReactNode } from 'react';
import { NavLink } from 'react-router';
import type { User } from '../api/types';
import { cx } from '../ui/cx';
import { Logo } from '../ui/Logo';
import { Tray } from '../uploads/Tray';
import { AlertsBanner } from './AlertsBanner';
import { StorageMeter } from './StorageMeter';
import { UserMenu } from './UserMenu';

interface Place {
  to: string;
  label: string;
  icon: typeof FolderClosed;
}

function placesOf(user: User): Place[] {
  const places: Place[] = [
    { to: '/files', label: 'Files', icon: FolderClosed },
    { to: '/storage', label: 'Storage', icon: HardDrive },
    { to: '/trash', label: 'Trash', icon: Trash2 },
  ];
  if (user.role === 'admin') places.push({ to: '/users', label: 'Users', icon: Users });
  return places;
}

function SideLink({ to, label, icon: Icon }: Place) {
  return (
    <li>
      <NavLink
        to={to}
        className={({ isActive }) =>
          cx(
            'flex h-9 items-center gap-3 rounded-lg px-3 text-sm font-medium transition-colors',
            isActive ? 'bg-tint text-accent' : 'text-soft hover:bg-pressed/60 hover:text-text',
          )
        }
      >
        <Icon size={18} strokeWidth={1.9} aria-hidden />
        {label}
      </NavLink>
    </li>
  );
}

function BottomLink({ to, label, icon: Icon }: Place) {
  return (
    <li className="grow basis-0">
      <NavLink
        to={to}
        className={({ isActive }) =>
          cx(
            'focus-inset flex h-14 flex-col items-center justify-center gap-0.5 text-2xs font-medium',
            isActive ? 'text-accent' : 'text-soft',
          )
        }
      >
        <Icon size={20} aria-hidden />
        {label}
      </NavLink>
    </li>
  );
}

/** Navigation at the left (at the bottom of a phone), the page, and the tray of running work. */
export function Shell({ user, children }: { user: User; children: ReactNode }) {
  const places = placesOf(user);
  return (
    <div className="flex h-full max-sm:flex-col">
      {/* biome-ignore lint/a11y/useValidAnchor: it is one, but the router must not take it for a page */}
      <a
        href="#main"
        className="sr-only z-50 rounded-lg bg-accent-solid px-4 py-2 font-medium text-white focus:not-sr-only focus:fixed focus:top-3 focus:left-3"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('main')?.focus();
        }}
      >
        Skip to content
      </a>

      <header className="flex w-60 shrink-0 flex-col gap-1 p-3 max-lg:w-52 max-sm:hidden">
        <div className="flex h-11 items-center gap-2.5 px-2 pb-2">
          <Logo size={26} />
          <span className="text-[0.95rem] font-semibold tracking-tight">BaluHost</span>
        </div>
        <nav aria-label="Main" className="grow">
          <ul className="flex flex-col gap-0.5">
            {places.map((place) => (
              <SideLink key={place.to} {...place} />
            ))}
          </ul>
        </nav>
        <StorageMeter />
        <UserMenu user={user} />
      </header>

      <header className="flex h-12 shrink-0 items-center gap-2.5 border-b border-line bg-surface px-4 sm:hidden">
        <Logo size={24} />
        <span className="grow text-[0.95rem] font-semibold tracking-tight">BaluHost</span>
        <UserMenu user={user} compact />
      </header>

      <main id="main" tabIndex={-1} className="flex min-h-0 min-w-0 grow flex-col outline-none">
        <AlertsBanner user={user} />
        {children}
      </main>

      <nav aria-label="Main" className="shrink-0 border-t border-line bg-surface sm:hidden">
        <ul className="flex">
          {places.map((place) => (
            <BottomLink key={place.to} {...place} />
          ))}
        </ul>
      </nav>
      <Tray />
    </div>
  );
}
