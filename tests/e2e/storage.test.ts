/* SPDX-License-Identifier: MIT */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Api, checkAccessibility, disks, overflow, row, signIn, url, useBrowser, type Visit, visit } from './support';

/* The page Storage, on the simulated disks of development mode, which are put back as they were before each test. */

useBrowser();

const MB = 1e6;
const SLOW = 5 * MB;
const FAST = 20_000 * MB;

interface RaidArray {
  id: string;
  name: string;
  state: string;
  members: { name: string; state: string }[];
}

let api: Api;
let seen: Visit;
let page: Page;

async function arrays(): Promise<RaidArray[]> {
  return ((await (await api.request('GET', '/storage/arrays')).json()) as { arrays: RaidArray[] }).arrays;
}

async function diskPath(name: string): Promise<string> {
  const list = ((await (await api.request('GET', '/storage/disks')).json()) as { disks: { name: string; path: string }[] }).disks;
  return list.find((disk) => disk.name === name)?.path ?? '';
}

const card = (name: string): Locator => page.getByRole('article', { name: `Array ${name}` });
const bay = (name: string): Locator => page.getByRole('button', { name: new RegExp(`^${name}, `) });
const banner = (): Locator => page.getByRole('region', { name: 'Alerts' });

async function openStorage(): Promise<void> {
  await page.goto(`${url}/storage`);
  await page.getByRole('heading', { level: 1, name: 'Storage' }).waitFor();
  await bay('sda').waitFor();
}

async function pools(): Promise<{ path: string | null }[]> {
  return ((await (await api.request('GET', '/storage/pools')).json()) as { pools: { path: string | null }[] }).pools;
}

interface Alert {
  id: string;
}

async function alerts(): Promise<Alert[]> {
  return ((await (await api.request('GET', '/alerts')).json()) as { alerts: Alert[] }).alerts;
}

async function until(look: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`not within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** As the machine was in the beginning, and as the NAS has noticed it to be. */
async function startAgain(): Promise<void> {
  for (const { path } of await pools()) if (path !== null) await api.request('POST', `/storage/${path}/detach`, { force: true });
  disks('Reset');
  disks('SetSpeed', 'd', FAST);
  disks('SetFormatDuration', 'd', 0);
  await until(async () => {
    const all = await arrays();
    for (const { id, name, state } of all) if (name !== 'md0' && state === 'absent') await api.request('POST', `/storage/arrays/${id}/forget`);
    return all.length === 1 && all[0]?.state === 'optimal';
  }, 'the array of the beginning, and no other');
  await until(async () => (await alerts()).length === 0, 'no alerts');
}

beforeAll(async () => {
  api = await Api.as();
  seen = await visit();
  page = seen.page;
  await signIn(page, undefined, '/storage');
});
beforeEach(async () => {
  await startAgain();
  await openStorage();
});
afterAll(async () => {
  await startAgain();
  await seen.close();
});

test('a_healthy_nas_says_so_in_one_sentence', async () => {
  await page.getByText('All is well: 7 disks healthy, 1 array whole.').waitFor();
  await card('md0').getByText('Optimal').waitFor();
  expect(await banner().count()).toBe(0);
  expect(seen.complaints).toEqual([]);
});

test('a_disk_that_fails_is_seen_at_once_and_repaired_with_the_assistant', async () => {
  await page.evaluate(() => {
    (window as unknown as { kept: boolean }).kept = true;
  });
  disks('SetSpeed', 'd', SLOW);
  const failed = Date.now();
  disks('Fail', 's', 'sdb');
  await banner().getByText('The array md0 is degraded').waitFor({ timeout: 2_000 });
  await card('md0').getByText('Degraded', { exact: true }).waitFor({ timeout: 2_000 - (Date.now() - failed) + 500 });
  expect(Date.now() - failed).toBeLessThan(2_500);

  await card('md0').getByRole('button', { name: 'Repair…' }).click();
  const dialog = page.getByRole('dialog', { name: /Repair/ });
  await dialog.getByText('serial BALU-DEV-5GB-B', { exact: true }).waitFor();
  await dialog.getByText('serial BALU-DEV-10GB-A', { exact: true }).waitFor();
  await dialog.getByRole('button', { name: 'Start the repair' }).click();

  await card('md0').getByText('Rebuilding', { exact: true }).first().waitFor();
  const progress = card('md0').getByRole('progressbar');
  await progress.waitFor();
  await expect.poll(async () => Number(await progress.getAttribute('aria-valuenow')), { timeout: 20_000 }).toBeGreaterThan(0);
  await card('md0').getByText(/Rebuild \d+ % · .*\/s · .* left/).waitFor();
  await page.getByRole('region', { name: 'Running work' }).getByText(/Rebuilding/).first().waitFor();

  disks('SetSpeed', 'd', FAST);
  await card('md0').getByText('Optimal', { exact: true }).waitFor({ timeout: 20_000 });
  await page.getByText(/^Done: Repair/).waitFor();
  await expect.poll(() => banner().count(), { timeout: 10_000 }).toBe(0);
  // All of that was one page that was never loaded again.
  expect(await page.evaluate(() => (window as unknown as { kept: boolean }).kept)).toBe(true);
  expect(seen.complaints).toEqual([]);
});

test('an_alert_is_on_every_page_until_somebody_knows', async () => {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Trash' }).click();
  disks('Pull', 's', 'sdb');
  await banner().getByText('The array md0 is degraded').waitFor();
  await banner().getByRole('link', { name: 'Show storage' }).click();
  await page.getByText(/expected BaluHost Dev Disk 5GB \(Mirror B\), serial BALU-DEV-5GB-B, in slot 1/).first().waitFor();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Files' }).click();
  for (let left = 3; (await banner().count()) > 0 && left > 0; left -= 1) {
    await banner().getByRole('button', { name: 'Got it' }).click();
    await page.waitForTimeout(500);
  }
  expect(await banner().count()).toBe(0);
});

test('a_user_sees_how_things_are_and_can_change_nothing', async () => {
  const other = await visit();
  await signIn(other.page, { username: 'alex', password: 'demo123' }, '/storage');
  await other.page.getByRole('article', { name: 'Array md0' }).waitFor();
  expect(await other.page.getByRole('button', { name: 'New array' }).count()).toBe(0);
  expect(await other.page.getByRole('button', { name: 'Actions for md0' }).count()).toBe(0);
  disks('Fail', 's', 'sdb');
  await other.page.getByRole('region', { name: 'Alerts' }).waitFor();
  expect(await other.page.getByRole('button', { name: 'Got it' }).count()).toBe(0);
  expect(await other.page.getByRole('button', { name: 'Repair…' }).count()).toBe(0);
  await other.close();
});

async function wish(names: readonly string[], level: string): Promise<Locator> {
  await page.getByRole('button', { name: 'New array' }).click();
  const dialog = page.getByRole('dialog', { name: 'New array' });
  for (const name of names) await dialog.getByRole('checkbox', { name: new RegExp(`^${name} `) }).check();
  await dialog.getByRole('radio', { name: new RegExp(`^${level} `) }).check();
  return dialog;
}

test('levels_are_compared_with_numbers_for_the_chosen_disks', async () => {
  const dialog = await wish(['sdc', 'sdd', 'sde'], 'RAID 5');
  await dialog.getByText('RAID 6 takes at least 4 disks').waitFor();
  expect(await dialog.getByRole('radio', { name: /^RAID 6 / }).isDisabled()).toBe(true);
  await dialog.getByRole('radio', { name: /^RAID 5 .* 20\.0 GB of 40\.0 GB .*any 1 disk/ }).waitFor();
  await dialog.getByRole('radio', { name: /^RAID 1 .* 9\.99 GB of 40\.0 GB .*any 2 disks/ }).waitFor();
  // With a spare two disks are left, which are too few for parity.
  await dialog.getByLabel('Of these, keep as spares').fill('1');
  await expect.poll(() => dialog.getByRole('radio', { name: /^RAID 5 / }).isDisabled()).toBe(true);
  expect(await dialog.getByRole('button', { name: 'See what happens' }).isDisabled()).toBe(true);
});

test('what_would_be_lost_is_said_and_its_name_typed_before_an_array_is_made', async () => {
  disks('SetContent', 'sss', 'sdd', 'filesystem', 'ext4');
  await bay('sdd').filter({ hasText: 'Has data' }).waitFor();
  const wizard = await wish(['sdc', 'sdd'], 'RAID 1');
  await wizard.getByText(/^Would be lost: ext4/).waitFor();
  await wizard.getByLabel('Name').fill('tank');
  await wizard.getByRole('button', { name: 'See what happens' }).click();

  const plan = page.getByRole('dialog', { name: 'Create the array “tank”, RAID 1 of 2 disks' });
  await plan.getByText('What is on these disks now will be lost').waitFor();
  const create = plan.getByRole('button', { name: 'Erase and create' });
  expect(await create.isDisabled()).toBe(true);
  await plan.getByLabel('Type “tank” to confirm').fill('tan');
  expect(await create.isDisabled()).toBe(true);
  await plan.getByLabel('Type “tank” to confirm').fill('tank');
  await create.click();
  await card('tank').getByText('Optimal', { exact: true }).waitFor({ timeout: 30_000 });
  expect((await arrays()).map((array) => array.name).sort()).toEqual(['md0', 'tank']);
});

test('a_plan_that_has_become_untrue_changes_nothing', async () => {
  const wizard = await wish(['sdc', 'sdd'], 'RAID 1');
  await wizard.getByRole('button', { name: 'See what happens' }).click();
  const plan = page.getByRole('dialog', { name: /^Create the array/ });
  await plan.waitFor();
  disks('Pull', 's', 'sdd');
  await plan.getByRole('button', { name: 'Create the array' }).click();
  await plan.getByRole('alert').getByText(/BALU-DEV-10GB-B.* has gone/).waitFor();
  expect((await arrays()).map((array) => array.name)).toEqual(['md0']);
});

test('an_array_is_checked_and_deleted', async () => {
  await card('md0').getByRole('button', { name: 'Actions for md0' }).click();
  await page.getByRole('menuitem', { name: 'Check', exact: true }).click();
  await card('md0').getByText(/Checked just now/).waitFor({ timeout: 20_000 });
  await card('md0').getByRole('button', { name: 'Actions for md0' }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  const plan = page.getByRole('dialog', { name: /^Delete/ });
  await plan.getByLabel('Type “md0” to confirm').fill('md0');
  await plan.getByRole('button', { name: 'Delete the array' }).click();
  await card('md0').waitFor({ state: 'detached', timeout: 20_000 });
  await page.getByText('There is no array.').waitFor();
});

test('what_if_a_disk_dies_is_answered_in_sentences', async () => {
  await page.getByRole('button', { name: 'What if a disk dies?' }).click();
  await bay('sda').click();
  await page.getByRole('status').getByText('The array “md0” goes on, but the next disk that fails can take everything on it along.').waitFor();
  await bay('sdb').click();
  await page.getByRole('status').getByText(/md0.* lost/).waitFor();
  expect((await arrays())[0]?.state).toBe('optimal');
  await page.getByRole('button', { name: 'What if a disk dies?' }).click();
  expect(await bay('sda').getAttribute('aria-pressed')).toBeNull();
});

test('the_health_of_a_disk_is_explained_and_its_bay_named', async () => {
  await bay('sdc').click();
  const sheet = page.getByRole('dialog');
  await sheet.getByText('BALU-DEV-10GB-A').waitFor();
  await sheet.getByRole('button', { name: 'Reallocated sectors' }).click();
  await sheet.getByRole('figure').getByText('Reallocated sectors').waitFor();
  disks('SetAttribute', 'syt', 'sdc', 197, 8);
  // UDisks2 tells times in seconds: two readings within one are one.
  await page.waitForTimeout(1_100);
  await sheet.getByRole('button', { name: 'Read now' }).click();
  await sheet.getByText(/Rose from 0 to 8/).waitFor();
  expect(await sheet.getByRole('rowheader').first().innerText()).toMatch(/pending/i);
  await sheet.getByLabel('Bay').fill('Bay 3');
  await sheet.getByRole('button', { name: 'Name it' }).click();
  await page.keyboard.press('Escape');
  await bay('Bay 3').waitFor();
  await api.request('PUT', `/storage/${await diskPath('sdc')}/slot`, { slot: '' });
});

test('a_self_test_shows_how_far_it_is', async () => {
  disks('SetSelftestDuration', 'dd', 600, 600);
  await bay('sde').click();
  const sheet = page.getByRole('dialog');
  await sheet.getByRole('button', { name: 'Short self-test' }).click();
  await sheet.getByRole('progressbar', { name: 'Self-test' }).waitFor();
  await sheet.getByRole('button', { name: 'Abort the self-test' }).click();
  await sheet.getByRole('button', { name: 'Short self-test' }).waitFor();
});

test('an_array_is_repaired_by_keyboard_alone', async () => {
  disks('Fail', 's', 'sdb');
  await card('md0').getByRole('button', { name: 'Repair…' }).waitFor();
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
  await page.locator('#main').focus();
  for (let stops = 0; (await focused()) !== 'Repair…' && stops < 40; stops += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: /Repair/ });
  await dialog.waitFor();
  for (let stops = 0; (await focused()) !== 'Start the repair' && stops < 10; stops += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await card('md0').getByText('Optimal', { exact: true }).waitFor({ timeout: 20_000 });
});

test('a_pool_is_made_takes_a_file_and_is_forgotten', async () => {
  await bay('sdc').click();
  await page.getByRole('button', { name: 'Make a pool of it…' }).click();
  const dialog = page.getByRole('dialog', { name: 'New pool on sdc' });
  await dialog.getByLabel('Name').fill('Photos');
  await dialog.getByRole('button', { name: 'See what happens' }).click();
  const plan = page.getByRole('dialog', { name: /Photos/ });
  await plan.getByRole('button', { name: 'Make the pool' }).click();
  const pool = page.getByRole('article', { name: 'Pool Photos' });
  await pool.getByText('Ready', { exact: true }).waitFor({ timeout: 20_000 });
  await pool.getByText(/free of 10\.0 GB · ext4 · on sdc/).waitFor();
  await bay('sdc').filter({ hasText: 'Pool' }).waitFor();

  await pool.getByRole('link', { name: 'Photos' }).click();
  await page.getByRole('heading', { level: 1, name: 'Photos' }).waitFor();
  await page.getByTestId('choose-files').setInputFiles({ name: 'sea.jpg', mimeType: 'image/jpeg', buffer: Buffer.alloc(100_000, 7) });
  await row(page, 'sea.jpg').waitFor();
  expect((await api.content('Photos/sea.jpg')).length).toBe(100_000);

  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Storage' }).click();
  disks('Pull', 's', 'sdc');
  await pool.getByText('Absent', { exact: true }).waitFor({ timeout: 10_000 });
  await pool.getByRole('button', { name: 'Actions for Photos' }).click();
  await page.getByRole('menuitem', { name: 'Detach…' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Detach' }).click();
  await pool.waitFor({ state: 'detached', timeout: 10_000 });
});

const STATES: Record<string, () => Promise<void>> = {
  'a degraded array with its alert': async () => {
    disks('Pull', 's', 'sdb');
    await banner().waitFor();
    await card('md0').getByText('Degraded', { exact: true }).waitFor();
  },
  'the repair assistant': async () => {
    disks('Fail', 's', 'sdb');
    await card('md0').getByRole('button', { name: 'Repair…' }).click();
    await page.getByRole('dialog').waitFor();
  },
  'the wizard': async () => {
    await wish(['sdc', 'sdd', 'sde'], 'RAID 5');
  },
  'a plan with losses': async () => {
    disks('SetContent', 'sss', 'sdd', 'filesystem', 'ext4');
    await bay('sdd').filter({ hasText: 'Has data' }).waitFor();
    await (await wish(['sdc', 'sdd'], 'RAID 1')).getByRole('button', { name: 'See what happens' }).click();
    await page.getByText('What is on these disks now will be lost').waitFor();
  },
  'the sheet of a disk': async () => {
    await bay('sdc').click();
    await page.getByRole('dialog').getByRole('table').waitFor();
  },
  'what if': async () => {
    await page.getByRole('button', { name: 'What if a disk dies?' }).click();
    await bay('sda').click();
    await page.getByRole('status').getByText('md0').waitFor();
  },
  'the menu of an array': async () => {
    await card('md0').getByRole('button', { name: 'Actions for md0' }).click();
    await page.getByRole('menu').waitFor();
  },
};

describe.each([
  ['light', { width: 1280, height: 800 }],
  ['dark', { width: 360, height: 640 }],
] as const)('%s', (colorScheme, viewport) => {
  let before: Visit;
  beforeAll(async () => {
    before = seen;
    seen = await visit({ colorScheme, viewport, reducedMotion: 'reduce' });
    page = seen.page;
    await signIn(page, undefined, '/storage');
  });
  afterAll(async () => {
    await seen.close();
    seen = before;
    page = before.page;
  });

  test('the_page_has_no_violations_and_fits', async () => {
    await checkAccessibility(page);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
  });
  test.each(Object.entries(STATES))('%s has no violations and fits', async (_name, open) => {
    await open();
    await checkAccessibility(page);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(seen.complaints).toEqual([]);
  });
});
