/* SPDX-License-Identifier: MIT */
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { drop, folderArea, openFolder, row, signIn, useBrowser, visit } from './support';

/* The browser's part of tests/main_job: drops what BALUHOST_MAIN_JOB names, a real folder of BALUHOST_MAIN_JOB_FILES files and one
 * large file, into a new folder "Main job". Left out when nothing is named. */

const sources = process.env.BALUHOST_MAIN_JOB?.split('\n') ?? [];
const files = Number(process.env.BALUHOST_MAIN_JOB_FILES);

useBrowser();

test.skipIf(sources.length === 0)(
  'drops_a_real_folder_of_thousands_of_files_and_a_large_file',
  async () => {
    const { page, complaints, close } = await visit();
    await signIn(page);
    await page.getByRole('button', { name: 'New folder' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('Main job');
    await page.getByRole('button', { name: 'Create' }).click();
    await openFolder(page, 'Main job');
    await drop(page, folderArea(page), sources);
    const done = page.getByRole('heading', { name: /^[\d,.\s]+ files? uploaded$/ });
    await done.waitFor({ timeout: 900_000 });
    expect(Number((await done.textContent())?.replace(/\D/g, ''))).toBe(files);
    for (const source of sources) await row(page, basename(source)).waitFor();
    expect(complaints).toEqual([]);
    await close();
  },
  960_000,
);
