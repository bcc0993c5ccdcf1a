/* SPDX-License-Identifier: MIT */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN, Api, drop, folderArea, makeFolder, openFolder, row, signIn, unique, useBrowser, type Visit, visit } from './support';

/* The main job, as one person would do it in the browser. The steps build on each other. */

useBrowser();

const place = unique('Story');
const guest = unique('guest');
const pixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FAAhKDveksOjmAAAAAElFTkSuQmCC',
  'base64',
);
const folder = makeFolder('Holiday', {
  'readme.txt': 'Two weeks by the sea.\n',
  'pictures/one.png': pixel,
  'pictures/two.png': pixel,
  'pictures/raw/deep/notes 100% & more.txt': 'ISO 100\n',
  'empty folder': null,
});

let seen: Visit;
let api: Api;

beforeAll(async () => {
  api = await Api.as(ADMIN);
  seen = await visit();
});
afterAll(async () => {
  await seen.close();
  await api.remove(place);
  await api.removeUser(guest);
});

test('signs_in_and_a_wrong_password_is_told_kindly', async () => {
  const { page } = seen;
  await page.goto(process.env.BALUHOST_URL ?? '');
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill('not this');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('The name or the password is not right.').waitFor();
  await signIn(page);
  await page.getByRole('heading', { level: 1, name: 'Files' }).waitFor();
  await row(page, 'Demo').waitFor();
});

test('creates_a_folder_and_drops_a_real_folder_into_it', async () => {
  const { page } = seen;
  await page.getByRole('button', { name: 'New folder' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill(place);
  await page.getByRole('button', { name: 'Create' }).click();
  await row(page, place).waitFor();
  await openFolder(page, place);
  await page.getByText('This folder is empty').waitFor();
  await drop(page, folderArea(page), [folder]);
  await page.getByRole('heading', { name: '5 files uploaded' }).waitFor();
  await row(page, 'Holiday').waitFor();
  expect(await api.tree(`${place}/Holiday`)).toEqual(
    new Map([
      ['pictures/one.png', pixel.length],
      ['pictures/two.png', pixel.length],
      ['pictures/raw/deep/notes 100% & more.txt', 8],
      ['readme.txt', 22],
    ]),
  );
  expect(await api.names(`${place}/Holiday`)).toContain('empty folder');
  await page.getByRole('region', { name: 'Running work' }).getByRole('button', { name: 'Close' }).click();
});

test('opens_folders_and_previews_text_and_pictures_with_the_keys_for_next_and_previous', async () => {
  const { page } = seen;
  await openFolder(page, 'Holiday');
  await row(page, 'readme.txt').dblclick();
  await page.getByRole('dialog').getByText('Two weeks by the sea.').waitFor();
  await page.keyboard.press('Escape');
  await openFolder(page, 'pictures');
  await row(page, 'one.png').dblclick();
  const picture = page.getByRole('img', { name: 'one.png' });
  await picture.waitFor();
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(10);
  await page.keyboard.press('ArrowRight');
  await page.getByRole('img', { name: 'two.png' }).waitFor();
  expect(page.url()).toContain('preview=two.png');
  await page.keyboard.press('ArrowLeft');
  await picture.waitFor();
  await page.getByRole('button', { name: 'Close preview' }).click();
  expect(seen.complaints).toEqual([]);
});

test('downloads_what_was_uploaded_byte_for_byte', async () => {
  const { page } = seen;
  await row(page, 'one.png').click({ button: 'right' });
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Download' }).click()]);
  expect(download.suggestedFilename()).toBe('one.png');
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).equals(pixel)).toBe(true);
});

test('renames_in_place_and_undoes_it', async () => {
  const { page } = seen;
  await row(page, 'two.png').click();
  await page.keyboard.press('F2');
  const field = page.getByRole('textbox', { name: 'New name of two.png' });
  await field.waitFor();
  // The name without its extension is selected.
  await page.keyboard.type('second');
  await page.keyboard.press('Enter');
  await row(page, 'second.png').waitFor();
  expect(await api.names(`${place}/Holiday/pictures`)).toEqual(['raw', 'one.png', 'second.png']);
  await page.getByRole('button', { name: 'Undo' }).click();
  await row(page, 'two.png').waitFor();
  expect(await api.names(`${place}/Holiday/pictures`)).toEqual(['raw', 'one.png', 'two.png']);
});

test('a_name_that_is_taken_or_not_allowed_is_refused_beside_the_field', async () => {
  const { page } = seen;
  await row(page, 'two.png').click();
  await page.keyboard.press('F2');
  const field = page.getByRole('textbox', { name: 'New name of two.png' });
  await field.fill('a/b');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('cannot contain').waitFor();
  await field.fill('one.png');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  await page.keyboard.press('Escape');
  await row(page, 'two.png').waitFor();
});

test('moves_by_dragging_onto_a_folder_and_by_the_dialog', async () => {
  const { page } = seen;
  await row(page, 'one.png').dragTo(row(page, 'raw'));
  await row(page, 'one.png').waitFor({ state: 'detached' });
  expect(await api.names(`${place}/Holiday/pictures/raw`)).toEqual(['deep', 'one.png']);

  await row(page, 'two.png').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Move…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Move “two.png”' });
  await dialog.getByRole('navigation').getByRole('button', { name: 'Holiday' }).click();
  await dialog.getByRole('button', { name: 'empty folder' }).click();
  await dialog.getByRole('button', { name: 'Move here' }).click();
  await row(page, 'two.png').waitFor({ state: 'detached' });
  await expect.poll(() => api.names(`${place}/Holiday/empty folder`)).toEqual(['two.png']);
});

test('moves_to_a_folder_above_by_dragging_onto_its_name_in_the_path', async () => {
  const { page } = seen;
  await openFolder(page, 'raw');
  await row(page, 'one.png').dragTo(page.getByRole('navigation', { name: 'Folder' }).getByRole('link', { name: 'Holiday' }));
  await row(page, 'one.png').waitFor({ state: 'detached' });
  await expect.poll(() => api.names(`${place}/Holiday`)).toEqual(['empty folder', 'pictures', 'one.png', 'readme.txt']);
});

test('copies_as_a_job_that_shows_up_when_it_is_done', async () => {
  const { page } = seen;
  await page.getByRole('navigation', { name: 'Folder' }).getByRole('link', { name: 'Holiday' }).click();
  await row(page, 'pictures').click();
  await page.keyboard.press('Control+c');
  await page.getByRole('navigation', { name: 'Folder' }).getByRole('link', { name: place }).click();
  await row(page, 'Holiday').click();
  await page.keyboard.press('Control+v');
  await row(page, 'pictures').waitFor();
  await expect.poll(async () => (await api.tree(`${place}/pictures`)).has('raw/deep/notes 100% & more.txt')).toBe(true);
});

test('deletes_and_undoes_by_keyboard', async () => {
  const { page } = seen;
  await row(page, 'Holiday').click();
  await row(page, 'pictures').click({ modifiers: ['Control'] });
  await page.getByRole('toolbar', { name: 'Selection' }).getByText('2 selected').waitFor();
  await page.keyboard.press('Delete');
  await page.getByText('This folder is empty').waitFor();
  await expect.poll(() => api.names(place)).toEqual([]);
  await page.keyboard.press('Control+z');
  await row(page, 'Holiday').waitFor();
  await row(page, 'pictures').waitFor();
  expect((await api.tree(`${place}/Holiday`)).size).toBe(4);
});

test('restores_from_the_trash_and_deletes_for_good_after_asking', async () => {
  const { page } = seen;
  await row(page, 'pictures').click();
  await page.keyboard.press('Delete');
  await row(page, 'pictures').waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Trash' }).click();
  const item = page.getByRole('row', { name: 'pictures', exact: true }).first();
  await item.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Restore' }).click();
  await expect.poll(() => api.names(place)).toEqual(['Holiday', 'pictures']);

  await api.request('DELETE', `/files/${encodeURIComponent(`${place}/pictures`)}`);
  await page.reload();
  await item.click();
  await page.keyboard.press('Delete');
  const question = page.getByRole('alertdialog', { name: 'Delete 1 item for good?' });
  await question.getByRole('button', { name: 'Delete for good' }).click();
  await question.waitFor({ state: 'detached' });
  await page.getByText('Deleted for good').waitFor();
  expect(await api.names(place)).toEqual(['Holiday']);
});

test('an_administrator_creates_edits_disables_and_deletes_a_user', async () => {
  const { page } = seen;
  await page.getByRole('link', { name: 'Users' }).click();
  await page.getByRole('button', { name: 'New user' }).click();
  const dialog = page.getByRole('dialog', { name: 'New user' });
  await dialog.getByLabel('Name').fill(guest);
  await dialog.getByLabel('Password', { exact: true }).fill('a good password');
  await dialog.getByLabel('Quota').fill('20 GB');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await row(page, guest).waitFor();
  await row(page, guest).getByText('0 B of 20.0 GB').waitFor();

  await page.getByRole('searchbox', { name: 'Search users' }).fill(guest);
  await expect.poll(() => page.getByRole('row').count()).toBe(2);
  await row(page, guest).dblclick();
  const edit = page.getByRole('dialog', { name: `Edit “${guest}”` });
  await edit.getByLabel('E-mail').fill('guest@example.org');
  await edit.getByLabel('Unix user (optional)').fill('somebody');
  await edit.getByText('A number, as “id -u” prints it, or nothing').waitFor();
  expect(await edit.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
  await edit.getByLabel('Unix user (optional)').fill('4242');
  await edit.getByRole('button', { name: 'Save' }).click();
  await row(page, guest).getByText('guest@example.org').waitFor();

  // Linked to a Unix user now; an empty field ends that.
  await row(page, guest).dblclick();
  expect(await edit.getByLabel('Unix user (optional)').inputValue()).toBe('4242');
  await edit.getByLabel('Unix user (optional)').fill('');
  await edit.getByRole('button', { name: 'Save' }).click();
  await edit.waitFor({ state: 'detached' });
  await row(page, guest).dblclick();
  expect(await edit.getByLabel('Unix user (optional)').inputValue()).toBe('');
  await edit.getByRole('button', { name: 'Cancel' }).click();

  await row(page, guest).click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Disable' }).click();
  await row(page, guest).getByText('Disabled').waitFor();

  await row(page, guest).click();
  await page.keyboard.press('Delete');
  const question = page.getByRole('alertdialog', { name: `Delete “${guest}”?` });
  await question.getByRole('radio', { name: 'Keep them' }).check();
  await question.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('Nobody matches').waitFor();
});

test('the_last_administrator_cannot_be_disabled_and_the_page_says_why', async () => {
  const { page } = seen;
  await page.getByRole('button', { name: 'Show everyone' }).click();
  await row(page, 'admin').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Disable' }).click();
  await page.getByText('“admin” stays as it was').waitFor();
  await row(page, 'admin').getByText('Active').waitFor();
});

test('nothing_of_all_this_broke_the_content_security_policy_or_logged_an_error', () => {
  expect(seen.complaints).toEqual([]);
});
