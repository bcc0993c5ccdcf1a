/* SPDX-License-Identifier: MIT */
import { symlinkSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Api, drop, folderArea, makeFolder, row, signIn, unique, url, useBrowser, type Visit, visit } from './support';

useBrowser();

const place = unique('Uploads');
const FOLDERS = 20;
const PER_FOLDER = 20;

const many: Record<string, string | null> = { 'empty/inner': null };
for (let folder = 0; folder < FOLDERS; folder += 1) {
  for (let file = 0; file < PER_FOLDER; file += 1) {
    const depth = folder % 3 === 0 ? 'deep/er/' : '';
    many[`part ${folder}/${depth}file ${file}.txt`] = `content of ${folder}/${file}\n`.repeat(1 + (file % 40));
  }
}
const nested = makeFolder('Many files', many);
const single = makeFolder('Single', { 'taken.txt': 'mine\n', 'free.txt': 'mine too\n', 'large.bin': new Uint8Array(300_000).fill(7) });

let seen: Visit;
let api: Api;

beforeAll(async () => {
  api = await Api.as();
  await api.put(`${place}/start.txt`, 'start\n');
  seen = await visit();
  await signIn(seen.page, undefined, `/files/${place}`);
  await row(seen.page, 'start.txt').waitFor();
});
afterAll(async () => {
  await seen.close();
  await api.remove(place);
});

const tray = () => seen.page.getByRole('region', { name: 'Running work' });

async function closeTray(): Promise<void> {
  await tray().getByRole('button', { name: 'Close' }).click();
  await tray().waitFor({ state: 'detached' });
}

/** The list of the single files; whether it is shown is remembered while one works. */
async function showFiles(): Promise<void> {
  const toggle = tray().getByRole('button', { name: /^(Show|Hide) the files$/ });
  if ((await toggle.getAttribute('aria-expanded')) === 'false') await toggle.click();
}

test('a_dropped_folder_of_hundreds_of_nested_files_arrives_whole_while_the_page_stays_quick', async () => {
  const { page } = seen;
  const sent = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        // The longest time in which the page could not react, until the tray says that all is done.
        let last = performance.now();
        let longest = 0;
        const tick = () => {
          const now = performance.now();
          longest = Math.max(longest, now - last);
          last = now;
          if (/\d files uploaded/.test(document.body.textContent ?? '')) resolve(longest);
          else requestAnimationFrame(tick);
        };
        tick();
      }),
  );
  await drop(page, folderArea(page), [nested]);
  await page.getByRole('heading', { name: `${FOLDERS * PER_FOLDER + 1} files uploaded` }).waitFor({ timeout: 60_000 });
  expect(await sent).toBeLessThan(500);

  const wanted = new Map(
    Object.entries(many).flatMap(([path, content]) => (content === null ? [] : [[path, content.length] as const])),
  );
  expect(await api.tree(`${place}/Many files`)).toEqual(wanted);
  expect(await api.names(`${place}/Many files/empty`)).toEqual(['inner']);
  await row(page, 'Many files').waitFor();
  await closeTray();
});

test('chosen_files_and_a_chosen_folder_are_uploaded_like_dropped_ones', async () => {
  const { page } = seen;
  await page.getByTestId('choose-files').setInputFiles([`${single}/large.bin`]);
  await row(page, 'large.bin').waitFor();
  expect(await api.content(`${place}/large.bin`)).toEqual(new Uint8Array(300_000).fill(7));
  await page.getByTestId('choose-folder').setInputFiles(single);
  await row(page, 'Single').waitFor();
  await expect.poll(async () => (await api.tree(`${place}/Single`)).size).toBe(3);
  await page.getByRole('heading', { name: /files uploaded/ }).waitFor();
  await closeTray();
});

test('a_name_that_is_taken_is_asked_about_while_the_others_go_on', async () => {
  const { page } = seen;
  await api.put(`${place}/taken.txt`, 'theirs\n');
  await drop(page, folderArea(page), [`${single}/taken.txt`, `${single}/free.txt`]);
  const question = page.getByRole('alertdialog', { name: '“taken.txt” exists already' });
  await question.waitFor();
  await expect.poll(() => api.names(place)).toContain('free.txt');
  await question.getByRole('button', { name: 'Keep both' }).click();
  await page.getByRole('heading', { name: '2 files uploaded' }).waitFor();
  expect(new TextDecoder().decode(await api.content(`${place}/taken.txt`))).toBe('theirs\n');
  expect(new TextDecoder().decode(await api.content(`${place}/taken (2).txt`))).toBe('mine\n');

  await drop(page, folderArea(page), [`${single}/taken.txt`]);
  await question.getByRole('button', { name: 'Replace' }).click();
  await expect.poll(async () => new TextDecoder().decode(await api.content(`${place}/taken.txt`))).toBe('mine\n');
  await page.getByRole('heading', { name: '3 files uploaded' }).waitFor();
  await closeTray();
});

test('an_answer_for_all_asks_once', async () => {
  const { page } = seen;
  await drop(page, folderArea(page), [single]);
  const question = page.getByRole('alertdialog');
  await question.waitFor();
  await question.getByRole('checkbox', { name: /Do the same/ }).check();
  await question.getByRole('button', { name: 'Skip' }).click();
  await question.waitFor({ state: 'detached' });
  await tray().getByText('3 skipped').waitFor();
  await closeTray();
});

test('a_file_is_dropped_onto_a_folder_row_and_goes_into_it', async () => {
  const { page } = seen;
  await api.request('POST', '/files/folder', { path: place, name: 'Target' });
  await page.reload();
  await row(page, 'Target').waitFor();
  await drop(page, row(page, 'Target'), [`${single}/free.txt`]);
  await page.getByRole('heading', { name: '1 file uploaded' }).waitFor();
  expect(await api.names(`${place}/Target`)).toEqual(['free.txt']);
  await closeTray();
});

test('a_running_upload_can_be_cancelled_and_leaves_nothing_behind', async () => {
  const { page, context } = seen;
  const big = makeFolder('Big', { 'big.bin': new Uint8Array(40_000_000) });
  const client = await context.newCDPSession(page);
  await client.send('Network.enable');
  await client.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 2_000_000 });
  await drop(page, folderArea(page), [`${big}/big.bin`]);
  await showFiles();
  await tray().getByText(/[1-9][0-9.]* MB of 40.0 MB/).first().waitFor();
  await tray().getByRole('button', { name: 'Cancel big.bin' }).click();
  await tray().getByRole('heading', { name: 'Upload cancelled' }).waitFor();
  await client.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await client.detach();
  expect(await api.names(place)).not.toContain('big.bin');

  await tray().getByRole('button', { name: 'Try big.bin again' }).click();
  await tray().getByRole('heading', { name: '1 file uploaded' }).waitFor();
  expect((await api.tree(place)).get('big.bin')).toBe(40_000_000);
  await closeTray();
});

test('a_refusal_shows_its_reason_and_can_be_tried_again', async () => {
  const { page } = seen;
  await page.route('**/api/files/content/**', (route) =>
    route.fulfill({ status: 507, contentType: 'application/json', body: '{"detail":"Quota exceeded"}' }),
  );
  await drop(page, folderArea(page), [`${single}/free.txt`]);
  await tray().getByRole('heading', { name: '1 file failed' }).waitFor();
  await showFiles();
  await tray().getByText('Quota exceeded').waitFor();
  await page.unroute('**/api/files/content/**');
  await api.remove(`${place}/free.txt`);
  await tray().getByRole('button', { name: 'Try again', exact: true }).click();
  await tray().getByRole('heading', { name: '1 file uploaded' }).waitFor();
  await closeTray();
});

test('an_upload_survives_a_lost_connection', async () => {
  const { page, context } = seen;
  await api.remove(`${place}/free.txt`);
  await context.setOffline(true);
  await drop(page, folderArea(page), [`${single}/free.txt`]);
  await page.getByText('The connection to the NAS is lost').waitFor();
  await context.setOffline(false);
  await tray().getByRole('heading', { name: '1 file uploaded' }).waitFor({ timeout: 30_000 });
  expect(await api.names(place)).toContain('free.txt');
  await closeTray();
});

test('a_folder_with_links_that_lead_nowhere_or_back_is_uploaded_without_them', async () => {
  const { page } = seen;
  const linked = makeFolder('Linked', { 'real.txt': 'real\n' });
  symlinkSync('nowhere', `${linked}/broken`);
  symlinkSync('.', `${linked}/loop`);
  await drop(page, folderArea(page), [linked]);
  await tray().getByRole('heading', { name: /uploaded/ }).waitFor();
  expect([...(await api.tree(`${place}/Linked`)).keys()]).toEqual(['real.txt']);
  await closeTray();
});

test('the_console_stayed_silent', () => {
  expect(seen.complaints).toEqual([]);
  expect(seen.page.url().startsWith(url)).toBe(true);
});
