/* SPDX-License-Identifier: MIT */

/* Whoever goes to another folder from within the list goes on there in the list. This is kept until that folder has been loaded, and not in the
 * history: a reload must not take the focus away from the top of the page. */

let wanted: { folder: string; name: string } | null = null;

/** The focus goes to the entry `name` of `folder` when that is shown; to its first when `name` is empty or missing. */
export function placeFocus(folder: string, name = ''): void {
  wanted = { folder, name };
}

/** The name wanted in `folder`, once; null when the focus stays where it is. */
export function takeFocus(folder: string): string | null {
  if (wanted?.folder !== folder) return null;
  const { name } = wanted;
  wanted = null;
  return name;
}
