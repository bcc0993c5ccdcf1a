/* SPDX-License-Identifier: MIT */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';

/* Chromium in front of a running sandbox: BALUHOST_URL says where (`./dev env` prints it, `./dev test` sets it). */

export const url = process.env.BALUHOST_URL ?? 'http://127.0.0.1:8080';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser: Browser;

/** One browser for the tests of a file. */
export function useBrowser(): void {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: process.env.BALUHOST_CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  });
  afterAll(async () => {
    await browser.close();
  });
}

export interface Visit {
  page: Page;
  context: BrowserContext;
  /** what the console said: errors, and refusals by the content security policy */
  complaints: string[];
  close: () => Promise<void>;
}

/** A page of its own, with its own cookies. Everything that its console complains about is kept. */
export async function visit(options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // What a refused request logs by itself is no mistake of the page; the tests provoke refusals.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
    if (message.type() === 'warning' && /content security|trusted/i.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, context, complaints, close: () => context.close() };
}

export interface Account {
  username: string;
  password: string;
}

export const ADMIN: Account = { username: 'admin', password: 'changeme' };

export async function signIn(page: Page, account: Account = ADMIN, path = '/'): Promise<void> {
  await page.goto(url + path);
  await page.getByLabel('Name').fill(account.username);
  await page.getByLabel('Password', { exact: true }).fill(account.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: `Account of ${account.username}` }).first().waitFor();
}

/** The API without a browser, to prepare and to check. */
export class Api {
  readonly #token: string;

  private constructor(token: string) {
    this.#token = token;
  }

  static async as(account: Account = ADMIN): Promise<Api> {
    const reply = await fetch(`${url}/api/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(account),
    });
    expect(reply.status).toBe(200);
    return new Api(((await reply.json()) as { access_token: string }).access_token);
  }

  async request(method: string, path: string, body?: unknown): Promise<Response> {
    const raw = body instanceof Uint8Array;
    return await fetch(`${url}/api${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'Content-Type': raw ? 'application/octet-stream' : 'application/json' }),
      },
      ...(body === undefined ? {} : { body: raw ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
    });
  }

  /** Uploads a file, `modified` in milliseconds since 1970. */
  async put(path: string, content: Uint8Array | string, modified = Date.now()): Promise<void> {
    const body = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const query = `parents=true&overwrite=true&modified_usec=${Math.floor(modified) * 1000}`;
    const reply = await this.request('PUT', `/files/content/${encodeURIComponent(path)}?${query}`, body);
    expect([200, 201], await reply.clone().text()).toContain(reply.status);
  }

  async names(path: string): Promise<string[]> {
    const reply = await this.request('GET', `/files/list?limit=5000&path=${encodeURIComponent(path)}`);
    return ((await reply.json()) as { files: { name: string }[] }).files.map((file) => file.name);
  }

  /** Every file below `path`, by its path relative to it. */
  async tree(path: string): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    const walk = async (at: string): Promise<void> => {
      const reply = await this.request('GET', `/files/list?limit=5000&path=${encodeURIComponent(at)}`);
      const { files } = (await reply.json()) as { files: { path: string; type: string; size: number }[] };
      for (const file of files) {
        if (file.type === 'directory') await walk(file.path);
        else found.set(file.path.slice(path.length + 1), file.size);
      }
    };
    await walk(path);
    return found;
  }

  async content(path: string): Promise<Uint8Array> {
    const reply = await this.request('GET', `/files/download/${encodeURIComponent(path)}`);
    expect(reply.status).toBe(200);
    return new Uint8Array(await reply.arrayBuffer());
  }

  async remove(path: string): Promise<void> {
    const reply = await this.request('DELETE', `/files/${encodeURIComponent(path)}`);
    const { trash_id } = (await reply.json()) as { trash_id: string | null };
    if (trash_id) await this.request('DELETE', `/files/trash/${trash_id}`);
  }

  async removeUser(username: string): Promise<void> {
    const { users } = (await (await this.request('GET', '/users')).json()) as { users: { id: string; username: string }[] };
    for (const user of users) if (user.username === username) await this.request('DELETE', `/users/${user.id}?files=trash`);
  }
}

/** A name that no other run of the tests has used. */
export function unique(stem: string): string {
  return `${stem}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
}

/** A real folder on this machine with the files given; gone after the tests of the file. */
export function makeFolder(name: string, files: Record<string, string | Uint8Array | null>): string {
  const base = mkdtempSync(join(tmpdir(), 'baluhost-e2e-'));
  afterAll(() => rmSync(base, { recursive: true, force: true }));
  const folder = join(base, name);
  mkdirSync(folder);
  for (const [path, content] of Object.entries(files)) {
    const at = join(folder, path);
    if (content === null) mkdirSync(at, { recursive: true });
    else {
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, content);
    }
  }
  return folder;
}

/** Drops real files and folders from the desktop onto an element, by the protocol that the browser's own input takes. */
export async function drop(page: Page, target: Locator, paths: readonly string[]): Promise<void> {
  const box = await target.boundingBox();
  if (!box) throw new Error('there is nothing to drop on');
  const at = { x: box.x + box.width / 2, y: box.y + Math.min(box.height / 2, 400) };
  const client = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'dragOver', 'drop'] as const) {
    await client.send('Input.dispatchDragEvent', { type, ...at, data });
  }
  await client.detach();
}

export function row(page: Page, name: string): Locator {
  return page.getByRole('row', { name, exact: true });
}

/** Where a dropped thing lands that is meant for the folder itself: below the last row. */
export function folderArea(page: Page): Locator {
  return page.getByRole('grid');
}

export async function openFolder(page: Page, name: string): Promise<void> {
  await row(page, name).dblclick();
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
}

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Fails with what axe finds on the page as it is now. */
export async function checkAccessibility(page: Page): Promise<void> {
  // What is fading in has not its final colours yet.
  await page.evaluate(() => Promise.all(document.getAnimations().filter((one) => one.effect?.getTiming().iterations === 1).map((one) => one.finished.catch(() => undefined))));
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join('\n  ')}`)).toEqual([]);
}

/** By how many pixels something sticks out of the window. */
export async function overflow(page: Page): Promise<number> {
  return await page.evaluate(() => {
    // Nothing may stick out of the window, whether or not it can be scrolled to.
    let widest = document.documentElement.scrollWidth - window.innerWidth;
    for (const element of document.querySelectorAll('main *, [role=dialog] *, nav *')) {
      const box = element.getBoundingClientRect();
      if (box.width > 0 && !element.closest('.truncate, .sr-only, [hidden]')) widest = Math.max(widest, Math.floor(box.right - window.innerWidth));
    }
    return widest;
  });
}

/** Lets something happen to the simulated disks behind the NAS, as `./dev disk` does: disks('Fail', 's', 'sdb'). */
export function disks(method: string, signature = '', ...values: (string | number)[]): void {
  const address = process.env.DBUS_SYSTEM_BUS_ADDRESS;
  if (!address) throw new Error('DBUS_SYSTEM_BUS_ADDRESS says where the simulated disks are; ./dev env prints it');
  const call = ['org.freedesktop.UDisks2', '/org/baluhost/Simulator', 'org.baluhost.Simulator1', method];
  execFileSync('busctl', [`--address=${address}`, 'call', ...call, ...(signature ? [signature, ...values.map(String)] : [])]);
}
