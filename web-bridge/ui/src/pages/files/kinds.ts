/* SPDX-License-Identifier: MIT */
import { splitName } from '../../lib/paths';

export type Kind = 'folder' | 'image' | 'video' | 'audio' | 'pdf' | 'text' | 'archive' | 'document' | 'other';

const EXTENSIONS: Record<Exclude<Kind, 'folder' | 'other'>, string> = {
  image: 'avif bmp gif ico jfif jpeg jpg png webp',
  video: 'm4v mkv mov mp4 ogv webm',
  audio: 'aac flac m4a mp3 oga ogg opus wav weba',
  pdf: 'pdf',
  text: 'bash bat c cfg conf cpp css csv diff el go h hpp htm html ini java js json jsx log lua m3u md mk nfo patch php pl po properties py rb rs rst sh sql srt svg tex toml ts tsv tsx txt vtt xml yaml yml',
  archive: '7z bz2 deb gz iso rar rpm tar tbz tgz txz xz zip zst',
  document: 'doc docx epub key numbers odg odp ods odt pages ppt pptx rtf xls xlsx',
};

const KINDS = new Map<string, Kind>(
  Object.entries(EXTENSIONS).flatMap(([kind, list]) =>
    list.split(' ').map((extension) => [extension, kind as Kind] as const),
  ),
);

/** Names of text files that have no extension. */
const TEXT_NAMES = new Set([
  'authors',
  'changelog',
  'changes',
  'copying',
  'copyright',
  'dockerfile',
  'license',
  'makefile',
  'news',
  'readme',
  'thanks',
  'todo',
]);

export function kindOf(name: string, isDirectory = false): Kind {
  if (isDirectory) return 'folder';
  const [, extension] = splitName(name);
  const last = extension.slice(extension.lastIndexOf('.') + 1).toLowerCase();
  return KINDS.get(last) ?? (TEXT_NAMES.has(name.toLowerCase()) ? 'text' : 'other');
}

/** How a file can be shown, by its name or else by what the NAS found in it. */
export function previewKind(
  name: string,
  contentType: string | null | undefined,
): 'image' | 'video' | 'audio' | 'pdf' | 'text' | null {
  const kind = kindOf(name);
  if (kind === 'image' || kind === 'video' || kind === 'audio' || kind === 'pdf' || kind === 'text') return kind;
  if (contentType?.startsWith('text/')) return 'text';
  return null;
}
