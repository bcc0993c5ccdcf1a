/* SPDX-License-Identifier: MIT */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { row, signIn, url, useBrowser, type Visit, visit } from './support';

/* A folder of 100,000 entries. The listing is made up here, page by page as the bridge would: what is tested is the page. */

useBrowser();

const COUNT = 100_000;
const FEW = 6_000;
const name = (index: number) => `file-${String(index).padStart(6, '0')}.bin`;

let seen: Visit;
let requests = 0;

beforeAll(async () => {
  seen = await visit();
  const { page } = seen;
  await page.route(/\/api\/files\/list\?path=(Huge|Small)&/, async (route) => {
    requests += 1;
    const query = new URL(route.request().url()).searchParams;
    const folder = query.get('path');
    const total = folder === 'Huge' ? COUNT : FEW;
    const first = Number(query.get('cursor') ?? 0);
    const limit = Number(query.get('limit'));
    const backwards = query.get('order') === 'desc';
    const files = Array.from({ length: Math.min(limit, total - first) }, (_, offset) => {
      const index = backwards ? total - 1 - first - offset : first + offset;
      return {
        id: String(index + 1),
        name: name(index),
        path: `${folder}/${name(index)}`,
        size: index,
        type: 'file',
        is_directory: false,
        modified_at: '2026-01-02T03:04:05.678Z',
        modified: '2026-01-02T03:04:05.678Z',
        owner_id: '1',
        etag: String(index),
        is_writable: true,
      };
    });
    const next = first + files.length;
    await route.fulfill({ json: { files, next_cursor: next < total ? String(next) : null, total } });
  });
  await signIn(page);
  await page.goto(`${url}/files/Huge`);
  await row(page, name(0)).waitFor();
});
afterAll(() => seen.close());

const drawn = () => seen.page.locator('[role=row][data-key]').count();

test('the_first_rows_are_there_before_all_has_been_loaded_and_then_the_rest_comes', async () => {
  const { page } = seen;
  await page.getByText('100,000 items').waitFor();
  await page.getByText('loading the rest…').waitFor({ state: 'detached', timeout: 30_000 });
  expect(requests).toBeGreaterThan(10);
  expect(await page.getByRole('grid').getAttribute('aria-rowcount')).toBe(String(COUNT + 1));
});

test('only_the_rows_in_sight_are_in_the_document', async () => {
  expect(await drawn()).toBeLessThan(60);
});

test('end_home_and_page_keys_reach_every_row', async () => {
  const { page } = seen;
  await row(page, name(0)).click();
  await page.keyboard.press('End');
  await expect.poll(() => row(page, name(COUNT - 1)).evaluate((element) => element === document.activeElement)).toBe(true);
  const last = await row(page, name(COUNT - 1)).boundingBox();
  const grid = await page.getByRole('grid').boundingBox();
  expect(last && grid && last.y + last.height <= grid.y + grid.height).toBe(true);
  await page.keyboard.press('PageUp');
  await page.keyboard.press('PageUp');
  const at = await page.evaluate(() => (document.activeElement as HTMLElement).dataset.key);
  expect(at && at < name(COUNT - 20)).toBe(true);
  await page.keyboard.press('Home');
  await expect.poll(() => row(page, name(0)).evaluate((element) => element === document.activeElement)).toBe(true);
  expect(await drawn()).toBeLessThan(60);
});

test('typing_goes_to_the_row_that_begins_so', async () => {
  const { page } = seen;
  await page.keyboard.type('file-0731');
  await expect.poll(() => page.evaluate(() => (document.activeElement as HTMLElement).dataset.key)).toBe(name(73_100));
  await expect.poll(() => row(page, name(73_100)).isVisible()).toBe(true);
});

test('control_a_selects_all_and_shift_extends', async () => {
  const { page } = seen;
  await page.keyboard.press('Control+a');
  await page.getByText('100,000 selected').waitFor();
  await page.getByRole('button', { name: 'Clear the selection' }).click();
  await row(page, name(73_100)).click();
  for (let step = 0; step < 5; step += 1) await page.keyboard.press('Shift+ArrowDown');
  await page.getByText('6 selected', { exact: false }).first().waitFor();
  await row(page, name(73_110)).click({ modifiers: ['Shift'] });
  await page.getByText('11 selected', { exact: false }).first().waitFor();
  await row(page, name(73_105)).click({ modifiers: ['Control'] });
  await page.getByText('10 selected', { exact: false }).first().waitFor();
});

/** The time of a frame, of the quicker ones, while one scrolls from the top to the end in sixty leaps, in milliseconds. */
async function typicalFrame(): Promise<number> {
  return await seen.page.getByRole('grid').evaluate(async (grid) => {
    const scroller = [...grid.querySelectorAll('*')].find((element) => element.scrollHeight > 10_000) as HTMLElement;
    const times: number[] = [];
    let last = performance.now();
    for (let step = 0; step < 60; step += 1) {
      scroller.scrollTop = (scroller.scrollHeight / 60) * step;
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      times.push(now - last);
      last = now;
    }
    // What else the machine does makes frames slower, never quicker.
    return times.sort((a, b) => a - b)[6] ?? 0;
  });
}

test('scrolling_through_a_hundred_thousand_rows_costs_what_scrolling_through_a_few_does', async () => {
  const { page } = seen;
  const huge = await typicalFrame();
  await page.goto(`${url}/files/Small`);
  await row(page, name(0)).waitFor();
  const small = await typicalFrame();
  expect(huge).toBeLessThan(small * 2 + 17);
});

test('sorting_asks_the_nas_for_the_other_order_and_begins_at_its_top', async () => {
  const { page } = seen;
  await page.goto(`${url}/files/Huge`);
  await page.getByText('100,000 items').waitFor();
  await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
  await expect.poll(() => page.getByRole('columnheader', { name: 'Name' }).getAttribute('aria-sort')).toBe('descending');
  await row(page, name(COUNT - 1)).waitFor();
  expect(seen.complaints).toEqual([]);
});
