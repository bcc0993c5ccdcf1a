/* SPDX-License-Identifier: MIT */
import { Store } from './store';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'baluhost-theme';

function saved(): Theme {
  const value = localStorage.getItem(KEY);
  return value === 'light' || value === 'dark' ? value : 'system';
}

export const theme = new Store<Theme>(saved());

function apply(): void {
  const value = theme.get();
  if (value === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
}

export function setTheme(value: Theme): void {
  if (value === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, value);
  theme.set(value);
}

theme.subscribe(apply);
apply();
