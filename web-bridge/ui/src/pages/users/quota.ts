/* SPDX-License-Identifier: MIT */
import { formatBytes, parseBytes } from '../../lib/format';

/** What the quota field says: undefined when it cannot be understood. */
export function readQuota(text: string): number | null | undefined {
  if (text.trim() === '') return null;
  const bytes = parseBytes(text);
  return bytes === null || bytes === 0 ? undefined : bytes;
}

/** A quota as text that readQuota() reads back exactly. */
export function writeQuota(bytes: number | null): string {
  if (bytes === null) return '';
  const short = formatBytes(bytes);
  return parseBytes(short) === bytes ? short : String(bytes);
}
