/* SPDX-License-Identifier: MIT */

const LARGEST = 4_294_967_294; // one more means "nobody" to the kernel

/** The Unix user that somebody typed: null when the field is empty, undefined when it is no number that one can have. */
export function readUid(text: string): number | null | undefined {
  const typed = text.trim();
  if (typed === '') return null;
  const uid = /^\d+$/.test(typed) ? Number(typed) : Number.NaN;
  return uid <= LARGEST ? uid : undefined;
}
