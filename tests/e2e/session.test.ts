/* SPDX-License-Identifier: MIT */
import { expect, test } from 'vitest';
import { ADMIN, Api, row, signIn, unique, url, useBrowser, visit } from './support';

useBrowser();

test('a_reload_keeps_the_session_and_the_page_without_anything_that_scripts_could_steal', async () => {
  const { page, context, complaints, close } = await visit();
  await signIn(page);
  await page.goto(`${url}/files/Demo`);
  await row(page, 'Documents').waitFor();
  await page.reload();
  await row(page, 'Documents').waitFor();
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage, cookie: document.cookie }));
  expect(kept).not.toMatch(/ey[A-Za-z0-9_-]{10}|refresh|token/i);
  for (const cookie of await context.cookies([`${url}/api/auth`, `${url}/api/files/download`])) {
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  }
  expect(complaints).toEqual([]);
  await close();
});

test('several_tabs_reload_at_once_and_stay_signed_in', async () => {
  const { page, context, close } = await visit();
  await signIn(page);
  const pages = [page, await context.newPage(), await context.newPage()];
  for (let round = 0; round < 2; round += 1) {
    await Promise.all(pages.map((one) => one.goto(`${url}/files/Demo`)));
    await Promise.all(pages.map((one) => row(one, 'Documents').waitFor()));
  }
  await close();
});

test('signing_out_ends_the_session_in_every_tab_and_at_the_nas', async () => {
  const { page, context, close } = await visit();
  await signIn(page);
  const other = await context.newPage();
  await other.goto(`${url}/files`);
  await row(other, 'Demo').waitFor();
  const used = other.waitForRequest('**/api/files/list*');
  await other.reload();
  const token = (await (await used).allHeaders()).authorization;

  await page.getByRole('button', { name: `Account of ${ADMIN.username}` }).first().click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await other.getByRole('button', { name: 'Sign in' }).waitFor();
  expect(token).toMatch(/^Bearer /);
  await expect
    .poll(async () => (await fetch(`${url}/api/files/list`, { headers: { Authorization: token ?? '' } })).status)
    .toBe(401);
  await page.reload();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await close();
});

test('an_address_deep_inside_is_opened_after_signing_in', async () => {
  const { page, close } = await visit();
  await signIn(page, ADMIN, '/files/Demo/Documents');
  await row(page, 'welcome.txt').waitFor();
  await close();
});

test('an_ordinary_user_has_no_users_page', async () => {
  const { page, close } = await visit();
  await signIn(page, { username: 'alex', password: 'demo123' }, '/users');
  await page.getByText('There is no such page').waitFor();
  expect(await page.getByRole('link', { name: 'Users' }).count()).toBe(0);
  await close();
});

test('what_may_only_be_viewed_says_so_and_offers_no_change', async () => {
  const { page, close } = await visit();
  await signIn(page, { username: 'alex', password: 'demo123' }, '/files/Demo/Documents');
  await row(page, 'welcome.txt').getByText('read only').waitFor();
  await page.getByRole('button', { name: 'Upload' }).and(page.locator('[disabled]')).waitFor();
  await row(page, 'welcome.txt').click({ button: 'right' });
  expect(await page.getByRole('menuitem', { name: 'Delete' }).getAttribute('aria-disabled')).toBe('true');
  expect(await page.getByRole('menuitem', { name: 'Download' }).getAttribute('aria-disabled')).toBeNull();
  await close();
});

test('a_lost_connection_is_announced_within_three_seconds_and_comes_back_by_itself', async () => {
  const { page, context, close } = await visit();
  await signIn(page);
  await row(page, 'Demo').waitFor();
  await context.setOffline(true);
  await page.getByText('The connection to the NAS is lost').waitFor({ timeout: 3_000 });
  // What was there stays there.
  await row(page, 'Demo').waitFor();
  await context.setOffline(false);
  await page.getByText('The connection to the NAS is lost').waitFor({ state: 'detached', timeout: 5_000 });
  await close();
});

test('a_service_that_is_away_is_told_apart_from_a_lost_connection', async () => {
  const { page, close } = await visit();
  await signIn(page);
  await row(page, 'Demo').waitFor();
  const away = { status: 503, contentType: 'application/json', body: '{"detail":"The service is not running"}' };
  await page.route('**/api/**', (route) => route.fulfill(away));
  await row(page, 'Demo').dblclick();
  await page.getByText('The NAS is starting or being updated').waitFor();
  await page.unroute('**/api/**');
  await page.getByText('The NAS is starting or being updated').waitFor({ state: 'detached' });
  await row(page, 'Documents').waitFor();
  await close();
});

test('a_folder_whose_name_looks_like_a_file_survives_a_reload', async () => {
  const name = unique('v1.2');
  const api = await Api.as();
  await api.put(`${name}/a.b/inside.txt`, 'inside\n');
  const { page, close } = await visit();
  await signIn(page, ADMIN, `/files/${name}/a.b`);
  await row(page, 'inside.txt').waitFor();
  await page.reload();
  await row(page, 'inside.txt').waitFor();
  await close();
  await api.remove(name);
});

test('a_page_that_does_not_exist_says_so', async () => {
  const { page, close } = await visit();
  await signIn(page, ADMIN, '/nowhere');
  await page.getByText('There is no such page').waitFor();
  await page.goto(`${url}/files/Demo/gone`);
  await page.getByText('This folder does not exist').waitFor();
  await page.goto(`${url}/files/Demo/Documents/welcome.txt`);
  await page.getByRole('dialog').getByText(/./).first().waitFor();
  expect(new URL(page.url()).search).toBe('?preview=welcome.txt');
  await close();
});
