/* SPDX-License-Identifier: MIT */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Api, signIn, unique, url, useBrowser, type Visit, visit } from './support';

/* The whole way without a pointer: nothing here clicks. */

useBrowser();

const place = unique('Keys');
let seen: Visit;
let api: Api;

beforeAll(async () => {
  api = await Api.as();
  await api.put(`${place}/apple.txt`, 'apple\n');
  await api.put(`${place}/banana.txt`, 'banana\n');
  await api.put(`${place}/target/inside.txt`, 'inside\n');
  seen = await visit();
});
afterAll(async () => {
  await seen.close();
  await api.remove(place);
});

interface Stop {
  name: string;
  visible: boolean;
}

/** What has the focus, and whether one can see that it has. */
async function focused(page: Page): Promise<Stop> {
  return await page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    const style = getComputedStyle(element);
    const name = element.getAttribute('aria-label') ?? (element as HTMLInputElement).labels?.[0]?.textContent ?? element.textContent ?? '';
    return { name: name.trim(), visible: style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2 };
  });
}

async function tabTo(page: Page, name: string | RegExp, most = 30): Promise<void> {
  for (let step = 0; step < most; step += 1) {
    const stop = await focused(page);
    if (typeof name === 'string' ? stop.name === name : name.test(stop.name)) {
      expect(stop, `the focus on “${stop.name}” can be seen`).toMatchObject({ visible: true });
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${String(name)}`);
}

const onRow = (name: string) =>
  expect.poll(() => seen.page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.key)).toBe(name);

test('signing_in', async () => {
  const { page } = seen;
  await page.goto(`${url}/files/${place}`);
  await page.getByLabel('Name').waitFor();
  await page.keyboard.type('admin');
  await page.keyboard.press('Tab');
  await page.keyboard.type('changeme');
  await page.keyboard.press('Enter');
  await page.getByRole('grid').waitFor();
});

test('the_first_stop_skips_the_navigation_and_every_stop_can_be_seen', async () => {
  const { page } = seen;
  await page.reload();
  await page.getByRole('row', { name: 'apple.txt', exact: true }).waitFor();
  const stops: Stop[] = [];
  for (let step = 0; step < 17; step += 1) {
    await page.keyboard.press('Tab');
    stops.push(await focused(page));
  }
  const names = stops.map((stop) => stop.name);
  expect(names.slice(0, 6)).toEqual(['Skip to content', 'Files', 'Storage', 'Trash', 'Users', 'Account of admin']);
  expect(names).toEqual(
    expect.arrayContaining(['Type a path', 'New folder', 'Upload', 'Select all', 'Name', 'Modified', 'Size', 'target']),
  );
  const until = names.indexOf('target') + 1;
  expect(stops.slice(0, until).filter((stop) => !stop.visible)).toEqual([]);
});

test('the_skip_link_goes_to_the_content', async () => {
  const { page } = seen;
  await page.reload();
  await page.getByRole('row', { name: 'apple.txt', exact: true }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
});

test('walking_into_a_folder_and_out_again_keeps_the_place', async () => {
  const { page } = seen;
  await tabTo(page, 'target');
  await page.keyboard.press('Enter');
  await onRow('inside.txt');
  await page.keyboard.press('Backspace');
  await onRow('target');
  await page.keyboard.press('ArrowDown');
  await onRow('apple.txt');
  await page.keyboard.press('End');
  await onRow('banana.txt');
  await page.keyboard.type('app');
  await onRow('apple.txt');
});

test('renaming_and_undoing', async () => {
  const { page } = seen;
  await page.keyboard.press('F2');
  await page.getByRole('textbox', { name: 'New name of apple.txt' }).waitFor();
  await page.keyboard.type('cherry');
  await page.keyboard.press('Enter');
  await onRow('cherry.txt');
  await page.keyboard.press('Control+z');
  await page.getByRole('row', { name: 'apple.txt', exact: true }).waitFor();
});

test('the_menu_of_a_row_opens_by_shift_f10_and_gives_the_focus_back', async () => {
  const { page } = seen;
  await page.getByRole('row', { name: 'banana.txt', exact: true }).focus();
  await page.keyboard.press('Shift+F10');
  await page.getByRole('menu', { name: 'Actions' }).waitFor();
  await expect.poll(async () => (await focused(page)).name).toMatch(/^Preview/);
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
  await onRow('banana.txt');
});

test('cutting_and_pasting_moves', async () => {
  const { page } = seen;
  await page.keyboard.press('Control+x');
  await page.keyboard.press('Home');
  await onRow('target');
  await page.keyboard.press('Enter');
  await onRow('inside.txt');
  await page.keyboard.press('Control+v');
  await page.getByRole('row', { name: 'banana.txt', exact: true }).waitFor();
  expect(await api.names(`${place}/target`)).toEqual(['banana.txt', 'inside.txt']);
});

test('deleting_keeps_the_focus_in_the_list_and_is_undone', async () => {
  const { page } = seen;
  await page.getByRole('row', { name: 'banana.txt', exact: true }).focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('Delete');
  await page.getByRole('row', { name: 'banana.txt', exact: true }).waitFor({ state: 'detached' });
  await onRow('inside.txt');
  await page.keyboard.press('Control+z');
  await page.getByRole('row', { name: 'banana.txt', exact: true }).waitFor();
});

test('a_dialog_holds_the_focus_and_gives_it_back', async () => {
  const { page } = seen;
  await page.reload();
  await page.getByRole('grid').waitFor();
  await tabTo(page, 'New folder');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'New folder' }).waitFor();
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null)).toBe(true);
  }
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await expect.poll(async () => (await focused(page)).name).toBe('New folder');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'New folder' }).waitFor();
  await page.keyboard.type('by keys');
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: 'by keys', exact: true }).waitFor();
});

test('sorting_by_a_column_header', async () => {
  const { page } = seen;
  await tabTo(page, 'Size');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.getByRole('columnheader', { name: 'Size' }).getAttribute('aria-sort')).toBe('ascending');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.getByRole('columnheader', { name: 'Size' }).getAttribute('aria-sort')).toBe('descending');
});

test('typing_a_path', async () => {
  const { page } = seen;
  await page.reload();
  await page.getByRole('grid').waitFor();
  await tabTo(page, 'Type a path');
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Path of the folder' }).waitFor();
  await page.keyboard.type(`/${place}/`);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: place }).waitFor();
});

test('signing_out', async () => {
  const { page } = seen;
  await page.reload();
  await page.getByRole('grid').waitFor();
  await tabTo(page, 'Account of admin');
  await page.keyboard.press('Enter');
  await page.getByRole('menu', { name: 'Account' }).waitFor();
  await expect.poll(async () => (await focused(page)).name).toBe('Change password…');
  await page.keyboard.press('End');
  await expect.poll(async () => (await focused(page)).name).toBe('Sign out');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  expect(seen.complaints).toEqual([]);
  await signIn(page);
});
