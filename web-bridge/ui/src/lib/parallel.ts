/* SPDX-License-Identifier: MIT */

/** Calls `work` for each item, at most `limit` at a time. Rejections are collected, not thrown. */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<{ done: { item: T; value: R }[]; failed: { item: T; error: unknown }[] }> {
  const done: { item: T; value: R }[] = [];
  const failed: { item: T; error: unknown }[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next] as T;
      next += 1;
      try {
        done.push({ item, value: await work(item) });
      } catch (error) {
        failed.push({ item, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return { done, failed };
}
