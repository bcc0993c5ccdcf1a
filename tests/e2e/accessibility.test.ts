/* SPDX-License-Identifier: MIT */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Api, checkAccessibility as check, row, signIn, unique, url, useBrowser, type Visit, visit } from './support';

useBrowser();

const place = unique('Accessible');

const disabled = unique('disabled');

let api: Api;

beforeAll(async () => {
  api = await Api.as();
  await api.put(`${place}/notes.txt`, 'notes\n');
  await api.put(`${place}/folder/inside.txt`, 'inside\n');
  await api.request('POST', '/files/folder', { path: place, name: 'empty' });
  await api.request('POST', '/users', { username: disabled, password: 'a good password', is_active: false });
  await api.put(`${place}/gone.txt`, 'gone\n');
  await api.request('DELETE', `/files/${encodeURIComponent(`${place}/gone.txt`)}`);
});
afterAll(async () => {
  await api.remove(place);
  await api.removeUser(disabled);
});

async function openPlace(page: Page, path = ''): Promise<void> {
  await page.goto(`${url}/files/${place}${path}`);
  await page.getByRole('grid').waitFor();
}

/** Every page and every state of it that looks different. */
const STATES: Record<string, (page: Page) => Promise<void>> = {
  files: async (page) => {
    await openPlace(page);
    await row(page, 'notes.txt').waitFor();
  },
  'files with a selection': async (page) => {
    await openPlace(page);
    await row(page, 'notes.txt').click();
    await page.getByRole('toolbar', { name: 'Selection' }).waitFor();
  },
  'an empty folder': async (page) => {
    await openPlace(page, '/empty');
    await page.getByText('This folder is empty').waitFor();
  },
  'a missing folder': async (page) => {
    await openPlace(page, '/missing');
    await page.getByText('This folder does not exist').waitFor();
  },
  'the context menu': async (page) => {
    await openPlace(page);
    await row(page, 'notes.txt').click({ button: 'right' });
    await page.getByRole('menu').waitFor();
  },
  'a rename': async (page) => {
    await openPlace(page);
    await row(page, 'notes.txt').click();
    await page.keyboard.press('F2');
    await page.getByRole('textbox', { name: 'New name of notes.txt' }).waitFor();
  },
  'the path as text': async (page) => {
    await openPlace(page);
    await page.getByRole('button', { name: 'Type a path' }).click();
    await page.getByRole('textbox', { name: 'Path of the folder' }).waitFor();
  },
  'the dialog for a new folder': async (page) => {
    await openPlace(page);
    await page.getByRole('button', { name: 'New folder' }).click();
    await page.getByRole('dialog').waitFor();
  },
  'the dialog to move': async (page) => {
    await openPlace(page);
    await row(page, 'notes.txt').click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Move…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'folder', exact: true }).waitFor();
  },
  'a preview of text': async (page) => {
    await openPlace(page, '?preview=notes.txt');
    await page.getByRole('dialog').getByText('notes', { exact: true }).waitFor();
  },
  'the tray and a question about a name': async (page) => {
    await openPlace(page);
    await row(page, 'notes.txt').waitFor();
    await page.getByTestId('choose-files').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('other') });
    await page.getByRole('alertdialog').waitFor();
  },
  'the open tray': async (page) => {
    await openPlace(page);
    await row(page, 'notes.txt').waitFor();
    await page.getByTestId('choose-files').setInputFiles({ name: 'new.txt', mimeType: 'text/plain', buffer: Buffer.from('new') });
    await page.getByRole('heading', { name: /uploaded|Nothing/ }).or(page.getByRole('alertdialog')).first().waitFor();
    if (await page.getByRole('alertdialog').isVisible()) await page.getByRole('button', { name: 'Replace' }).click();
    await page.getByRole('button', { name: 'Show the files' }).click();
    await page.getByRole('group', { name: 'Uploads' }).waitFor();
  },
  'a toast with undo': async (page) => {
    await api.put(`${place}/delete me.txt`, 'x');
    await openPlace(page);
    await row(page, 'delete me.txt').click();
    await page.keyboard.press('Delete');
    await page.getByRole('button', { name: 'Undo' }).waitFor();
  },
  trash: async (page) => {
    await page.goto(`${url}/trash`);
    await row(page, 'gone.txt').first().waitFor();
  },
  'the question before the trash is emptied': async (page) => {
    await page.goto(`${url}/trash`);
    await row(page, 'gone.txt').first().waitFor();
    await page.getByRole('button', { name: 'Empty trash' }).click();
    await page.getByRole('alertdialog').waitFor();
  },
  users: async (page) => {
    await page.goto(`${url}/users`);
    await row(page, disabled).waitFor();
  },
  'no user that matches': async (page) => {
    await page.goto(`${url}/users`);
    await page.getByRole('searchbox').fill('nobody at all');
    await page.getByText('Nobody matches').waitFor();
  },
  'the dialog for a user': async (page) => {
    await page.goto(`${url}/users`);
    await row(page, 'alex').dblclick();
    await page.getByRole('dialog').waitFor();
  },
  'the question before a user is deleted': async (page) => {
    await page.goto(`${url}/users`);
    await row(page, 'alex').click();
    await page.keyboard.press('Delete');
    await page.getByRole('alertdialog').waitFor();
  },
  'the account menu': async (page) => {
    await openPlace(page);
    await page.getByRole('button', { name: 'Account of admin' }).first().click();
    await page.getByRole('menu').waitFor();
  },
  'the dialog to change the password': async (page) => {
    await openPlace(page);
    await page.getByRole('button', { name: 'Account of admin' }).first().click();
    await page.getByRole('menuitem', { name: 'Change password…' }).click();
    await page.getByRole('dialog', { name: 'Change password' }).waitFor();
  },
  'keyboard shortcuts': async (page) => {
    await openPlace(page);
    await page.getByRole('button', { name: 'Account of admin' }).first().click();
    await page.getByRole('menuitem', { name: 'Keyboard shortcuts…' }).click();
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  },
  'signed-in devices': async (page) => {
    await openPlace(page);
    await page.getByRole('button', { name: 'Account of admin' }).first().click();
    await page.getByRole('menuitem', { name: 'Signed-in devices…' }).click();
    await page.getByRole('dialog', { name: 'Signed-in devices' }).getByText('this one').waitFor();
  },
  'a page that does not exist': async (page) => {
    await page.goto(`${url}/nowhere`);
    await page.getByText('There is no such page').waitFor();
  },
};

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  let seen: Visit;
  beforeAll(async () => {
    seen = await visit({ colorScheme, reducedMotion: 'reduce' });
    await signIn(seen.page);
  });
  afterAll(() => seen.close());

  test.each(Object.entries(STATES))('%s has no violations', async (_name, open) => {
    await open(seen.page);
    await check(seen.page);
    expect(seen.complaints).toEqual([]);
  });

  test('signing in, refused, has no violations', async () => {
    const fresh = await visit({ colorScheme, reducedMotion: 'reduce' });
    await fresh.page.goto(url);
    await fresh.page.getByLabel('Name').fill('nobody');
    await fresh.page.getByLabel('Password', { exact: true }).fill('nothing');
    await fresh.page.getByRole('button', { name: 'Sign in' }).click();
    await fresh.page.getByRole('alert').waitFor();
    await check(fresh.page);
    await fresh.close();
  });

  test('the first start has no violations', async () => {
    const fresh = await visit({ colorScheme, reducedMotion: 'reduce' });
    await fresh.page.route('**/api/auth/setup', (route) =>
      route.fulfill({ json: { setup_required: true, registration_open: false, development_mode: false } }),
    );
    await fresh.page.goto(url);
    await fresh.page.getByLabel('Setup token').waitFor();
    await check(fresh.page);
    await fresh.close();
  });
});
