/* SPDX-License-Identifier: MIT */
import {
  File,
  FileArchive,
  FileAudio,
  FileImage,
  FileText,
  FileType,
  FileVideo,
  Folder,
  type LucideIcon,
} from 'lucide-react';
import { type Kind, kindOf } from './kinds';

const ICONS: Record<Kind, [icon: LucideIcon, colour: string]> = {
  folder: [Folder, 'text-folder'],
  image: [FileImage, 'text-image'],
  video: [FileVideo, 'text-video'],
  audio: [FileAudio, 'text-audio'],
  pdf: [FileType, 'text-danger'],
  text: [FileText, 'text-document'],
  archive: [FileArchive, 'text-archive'],
  document: [FileType, 'text-folder'],
  other: [File, 'text-document'],
};

export function FileIcon({ name, isDirectory, size = 18 }: { name: string; isDirectory: boolean; size?: number }) {
  const [Icon, colour] = ICONS[kindOf(name, isDirectory)];
  return (
    <Icon
      size={size}
      strokeWidth={1.7}
      aria-hidden
      className={`shrink-0 ${colour}`}
      {...(isDirectory ? { fill: 'currentColor', fillOpacity: 0.18 } : {})}
    />
  );
}
