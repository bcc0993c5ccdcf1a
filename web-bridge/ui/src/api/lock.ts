/* SPDX-License-Identifier: MIT */

/* One tab at a time. Browsers offer Web Locks only to secure contexts; a NAS at http://nas.local is none, so there a short lease in localStorage
 * stands in: less strict, but two tabs must write within the same few milliseconds to both believe that they hold it. */

const LEASE_MS = 5_000;
const SETTLE_MS = 25;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function withLease<T>(name: string, work: () => Promise<T>): Promise<T> {
  const me = Math.random().toString(36).slice(2);
  const deadline = Date.now() + LEASE_MS;
  while (Date.now() < deadline) {
    const [holder, until] = (localStorage.getItem(name) ?? '').split(' ');
    if (!holder || Number(until) < Date.now()) {
      localStorage.setItem(name, `${me} ${Date.now() + LEASE_MS}`);
      await pause(SETTLE_MS);
      if (localStorage.getItem(name)?.startsWith(`${me} `)) break;
    }
    await pause(SETTLE_MS);
  }
  try {
    return await work();
  } finally {
    if (localStorage.getItem(name)?.startsWith(`${me} `)) localStorage.removeItem(name);
  }
}

export function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (navigator.locks) return navigator.locks.request(name, work) as Promise<T>;
  return withLease(name, work);
}
