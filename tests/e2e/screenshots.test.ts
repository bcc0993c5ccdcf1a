/* SPDX-License-Identifier: MIT */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { Api, disks, drop, folderArea, makeFolder, row, signIn, url, useBrowser, visit } from './support';

/* Takes the pictures of the README, from a running sandbox and nothing made up: BALUHOST_SCREENSHOTS=../../docs/images npm run test:e2e screenshots */

const target = process.env.BALUHOST_SCREENSHOTS;

describe.skipIf(!target)('the pictures of the README', () => {
  useBrowser();
  const folder = resolve(target ?? '.');
  let api: Api;

  /** Size and age in hours of what is uploaded. */
  const FILES: Record<string, [size: number, age: number]> = {
    'Documents/Household/Energy 2025.ods': [48_213, 300],
    'Documents/Household/Insurance.pdf': [412_880, 2000],
    'Documents/Lease agreement.pdf': [1_284_112, 1500],
    'Documents/Tax return 2025.pdf': [2_871_204, 700],
    'Music/Evening/01 Low tide.flac': [26_411_872, 900],
    'Music/Evening/02 Lanterns.flac': [31_902_115, 900],
    'Backup of the laptop.tar.gz': [48_211_339, 9],
    'Birthday.mp4': [18_402_117, 77],
    'Recipes.md': [8_412, 26],
    'Router settings.conf': [2_204, 2600],
  };

  async function shoot(page: Page, name: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    // Toasts go by themselves; a picture should not depend on when.
    const dismiss = page.getByRole('region', { name: 'Notifications' }).getByRole('button', { name: 'Dismiss' });
    while ((await dismiss.count()) > 0) await dismiss.first().click();
    await page.mouse.move(0, 0);
    await page.evaluate(() => document.fonts.ready);
    writeFileSync(join(folder, `${name}.png`), await page.screenshot());
  }

  /** A coast at sunset, drawn by the browser. */
  async function picture(page: Page, hue: number): Promise<Uint8Array> {
    const bytes = await page.evaluate(async (base) => {
      const canvas = new OffscreenCanvas(1600, 1000);
      const context = canvas.getContext('2d');
      if (!context) throw new Error('no canvas');
      const sky = context.createLinearGradient(0, 0, 0, 640);
      sky.addColorStop(0, `hsl(${base + 200} 55% 38%)`);
      sky.addColorStop(0.65, `hsl(${base + 20} 80% 68%)`);
      sky.addColorStop(1, `hsl(${base + 35} 95% 80%)`);
      context.fillStyle = sky;
      context.fillRect(0, 0, 1600, 1000);
      context.fillStyle = `hsl(${base + 40} 100% 92%)`;
      context.beginPath();
      context.arc(1080, 560, 70, 0, Math.PI * 2);
      context.fill();
      for (let layer = 0; layer < 6; layer += 1) {
        context.fillStyle = `hsl(${base + 205 + layer * 4} ${30 + layer * 4}% ${46 - layer * 6}%)`;
        context.beginPath();
        context.moveTo(0, 1000);
        for (let x = 0; x <= 1600; x += 8) {
          const wave = Math.sin(x / (190 - layer * 17) + layer * 2.1) * (46 - layer * 3) + Math.sin(x / 67 + layer * 5) * 12;
          context.lineTo(x, 610 + layer * 62 + wave);
        }
        context.lineTo(1600, 1000);
        context.fill();
      }
      return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 })).arrayBuffer())];
    }, hue);
    return new Uint8Array(bytes);
  }

  beforeAll(async () => {
    api = await Api.as();
    for (const [path, [size, age]] of Object.entries(FILES)) {
      await api.put(path, new Uint8Array(size), Date.now() - age * 3_600_000);
    }
    const drawing = await visit();
    await drawing.page.goto(url);
    for (const [index, hue] of [0, 340, 20, 300].entries()) {
      await api.put(`Photos/Coast/Evening ${index + 1}.jpg`, await picture(drawing.page, hue));
    }
    await drawing.close();
    await api.request('POST', '/users', { username: 'sam', password: 'a good password', email: 'sam@example.org', quota_bytes: 50_000_000_000 });
    await api.request('POST', '/users', { username: 'robin', password: 'a good password', email: 'robin@example.org', is_active: false });
  });
  afterAll(async () => {
    await api.removeUser('sam');
    await api.removeUser('robin');
    for (const name of ['Documents', 'Music', 'Photos', ...Object.keys(FILES).filter((path) => !path.includes('/')), 'Holiday']) {
      await api.remove(name);
    }
  });

  test.each(['light', 'dark'] as const)('files, %s', async (colorScheme) => {
    const { page, close } = await visit({ colorScheme });
    await signIn(page);
    await row(page, 'Recipes.md').waitFor();
    await row(page, 'Recipes.md').click();
    await row(page, 'Birthday.mp4').click({ modifiers: ['Control'] });
    await shoot(page, `files-${colorScheme}`);
    await close();
  });

  test('uploads', async () => {
    const { page, context, close } = await visit({ colorScheme: 'light' });
    const files: Record<string, string> = {};
    for (let index = 0; index < 40; index += 1) files[`IMG_${4100 + index}.jpg`] = '';
    const holiday = makeFolder('Holiday', files);
    for (const [index, name] of Object.keys(files).entries()) truncateSync(join(holiday, name), 2_400_000 + index * 31_000);
    await signIn(page);
    await row(page, 'Recipes.md').waitFor();
    const client = await context.newCDPSession(page);
    await client.send('Network.enable');
    const limit = (uploadThroughput: number) =>
      client.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
    await limit(16_000_000);
    await drop(page, folderArea(page), [holiday]);
    await page.getByRole('button', { name: 'Show the files' }).click();
    await page.getByRole('heading', { name: /Uploading 1\d of 40/ }).waitFor();
    await shoot(page, 'upload');
    await page.getByRole('button', { name: 'Cancel all uploads' }).click();
    await close();
  });

  test('a preview', async () => {
    const { page, close } = await visit({ colorScheme: 'dark' });
    await signIn(page, undefined, '/files/Photos/Coast?preview=Evening%201.jpg');
    const image = page.getByRole('img', { name: 'Evening 1.jpg' });
    await image.waitFor();
    await image.evaluate((element: HTMLImageElement) => element.decode());
    await shoot(page, 'preview');
    await close();
  });

  test.each(['light', 'dark'] as const)('storage while an array is rebuilt, %s', async (colorScheme) => {
    disks('Reset');
    disks('SetFormatDuration', 'd', 0);
    disks('SetSpeed', 'd', 50e6);
    for (const [index, name] of ['sda', 'sdb', 'sdc', 'sdd', 'sde', 'sdf', 'sdg'].entries()) {
      const { disks: all } = (await (await api.request('GET', '/storage/disks')).json()) as { disks: { name: string; path: string }[] };
      const path = all.find((disk) => disk.name === name)?.path;
      await api.request('PUT', `/storage/${path}/slot`, { slot: `Bay ${index + 1}` });
    }
    const { page, close } = await visit({ colorScheme, viewport: { width: 1280, height: 860 } });
    await signIn(page, undefined, '/storage');
    const array = page.getByRole('article', { name: 'Array md0' });
    await array.getByText('Optimal', { exact: true }).waitFor();
    disks('Fail', 's', 'sdb');
    await array.getByRole('button', { name: 'Repair…' }).click();
    await page.getByRole('button', { name: 'Start the repair' }).click();
    await array.getByText(/Rebuild 1\d % ·/).waitFor();
    await shoot(page, `storage-${colorScheme}`);
    disks('SetSpeed', 'd', 20e9);
    await array.getByText('Optimal', { exact: true }).waitFor();
    await close();
    disks('Reset');
  });

  test('users', async () => {
    const { page, close } = await visit({ colorScheme: 'light' });
    await signIn(page, undefined, '/users');
    await row(page, 'sam').waitFor();
    await shoot(page, 'users');
    await close();
  });

  test('a phone', async () => {
    const { page, close } = await visit({ viewport: { width: 390, height: 760 }, hasTouch: true, colorScheme: 'dark' });
    await signIn(page);
    await row(page, 'Recipes.md').waitFor();
    await shoot(page, 'phone');
    await close();
  });
});
