/* SPDX-License-Identifier: MIT */
// Paths on the NAS: names joined by "/", "" is the root. Names may hold any character but "/" and control characters.

export function joinPath(...parts: string[]): string {
  return parts.filter((part) => part !== '').join('/');
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Each name encoded for an address, the slashes kept. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** The opposite of encodePath; null when it is not an encoded path. */
export function decodePath(encoded: string): string | null {
  try {
    return encoded
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent)
      .join('/');
  } catch {
    return null;
  }
}

/** Whether `path` is `ancestor` or lies in it. */
export function isWithin(path: string, ancestor: string): boolean {
  return ancestor === '' || path === ancestor || path.startsWith(`${ancestor}/`);
}

/** Splits "photo.tar.gz" into "photo" and ".tar.gz"; a name that only begins with a dot has no extension. */
export function splitName(name: string): [stem: string, extension: string] {
  const compound = /\.tar\.[a-z0-9]{1,4}$/i.exec(name);
  const dot = compound && compound.index > 0 ? compound.index : name.lastIndexOf('.');
  return dot <= 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
}

/** The n-th name to try when `name` is taken, n from 2: "photo (2).jpg". */
export function numberedName(name: string, n: number): string {
  const [stem, extension] = splitName(name);
  return `${stem.replace(/ \(\d+\)$/, '')} (${n})${extension}`;
}

/** Why a name is not allowed, as a sentence; null when it is. */
export function nameProblem(name: string): string | null {
  if (name === '') return 'Enter a name';
  if (name === '.' || name === '..') return 'This name is reserved';
  if (name.includes('/')) return 'A name cannot contain “/”';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return 'A name cannot contain control characters';
  if (new TextEncoder().encode(name).length > 255) return 'This name is too long';
  return null;
}
