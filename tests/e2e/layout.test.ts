/* SPDX-License-Identifier: MIT */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Api, overflow, row, signIn, unique, url, useBrowser, type Visit, visit } from './support';

useBrowser();

const place = unique('Layout');
const long = `A name that is much longer than any phone is wide, ${'and longer '.repeat(12)}still.txt`;
let api: Api;

beforeAll(async () => {
  api = await Api.as();
  await api.put(`${place}/one/two/three/four/five/notes.txt`, 'notes\n');
  await api.put(`${place}/one/two/three/four/five/${long}`, 'long\n');
});
afterAll(() => api.remove(place));

const deep = `/files/${place}/one/two/three/four/five`;

const PAGES: Record<string, (page: Page) => Promise<void>> = {
  files: async (page) => {
    await page.goto(url + deep);
    await row(page, 'notes.txt').waitFor();
  },
  'a selection': async (page) => {
    await page.goto(url + deep);
    await page.getByRole('checkbox', { name: 'Select notes.txt' }).check();
    await page.getByRole('toolbar').waitFor();
  },
  'the dialog to move': async (page) => {
    await page.goto(url + deep);
    await page.getByRole('button', { name: 'Actions for notes.txt' }).click();
    await page.getByRole('menuitem', { name: 'Move…' }).click();
    await page.getByRole('dialog').waitFor();
  },
  preview: async (page) => {
    await page.goto(`${url}${deep}?preview=${encodeURIComponent(long)}`);
    await page.getByRole('dialog').waitFor();
  },
  trash: async (page) => {
    await page.goto(`${url}/trash`);
    await page.getByRole('grid').waitFor();
  },
  users: async (page) => {
    await page.goto(`${url}/users`);
    await row(page, 'admin').waitFor();
  },
  'a user': async (page) => {
    await page.goto(`${url}/users`);
    await page.getByRole('button', { name: 'New user' }).click();
    await page.getByRole('dialog').waitFor();
  },
};

describe.each([
  ['a small phone', { width: 360, height: 640 }],
  ['a tablet', { width: 768, height: 1024 }],
  ['a desktop at 200 %', { width: 640, height: 400 }],
])('on %s', (_device, viewport) => {
  let seen: Visit;
  beforeAll(async () => {
    seen = await visit({ viewport, hasTouch: viewport.width < 500 });
    await signIn(seen.page);
  });
  afterAll(() => seen.close());

  test.each(Object.entries(PAGES))('%s fits without scrolling sideways', async (_name, open) => {
    await open(seen.page);
    expect(await overflow(seen.page)).toBeLessThanOrEqual(0);
  });

  test('every place can be reached', async () => {
    await seen.page.goto(`${url}/files`);
    for (const [link, heading] of [['Storage', 'Storage'], ['Trash', 'Trash'], ['Users', 'Users'], ['Files', 'Files']] as const) {
      await seen.page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: link }).click();
      await seen.page.getByRole('heading', { level: 1, name: heading }).waitFor();
    }
  });
});

test('by_touch_a_tap_opens_and_a_long_press_selects', async () => {
  const { page, context, close } = await visit({ viewport: { width: 360, height: 640 }, hasTouch: true });
  await signIn(page);
  await page.goto(`${url}/files/${place}`);
  await row(page, 'one').tap();
  await row(page, 'two').waitFor();
  const box = await row(page, 'two').boundingBox();
  if (!box) throw new Error('the row is not there');
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const client = await context.newCDPSession(page);
  await client.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [at] });
  await page.getByRole('toolbar', { name: 'Selection' }).getByText('1 selected').waitFor();
  await client.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await close();
});

test('the_theme_can_be_chosen_and_stays_after_a_reload', async () => {
  const { page, close } = await visit({ colorScheme: 'light' });
  await signIn(page);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.getByRole('button', { name: 'Account of admin' }).click();
  await page.getByRole('menuitem', { name: 'Dark theme' }).click();
  await expect.poll(background).not.toBe(light);
  const dark = await background();
  await page.reload();
  await expect.poll(background).toBe(dark);
  await page.getByRole('button', { name: 'Account of admin' }).click();
  await page.getByRole('menuitem', { name: 'Theme of the system' }).click();
  await expect.poll(background).toBe(light);
  await close();
});
