/* SPDX-License-Identifier: MIT */
import { useQuery } from '@tanstack/react-query';
import { ChevronLeft, ChevronRight, Download, X } from 'lucide-react';
import { useState } from 'react';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { contentUrl, readStart, stat } from '../../api/files';
import { session } from '../../api/index';
import type { FileItem } from '../../api/types';
import { formatBytes, formatCount, formatDate, formatExactBytes, formatExactDate } from '../../lib/format';
import { Button, IconButton } from '../../ui/Button';
import { Spinner } from '../../ui/Spinner';
import { downloadFiles } from './commands';
import { FileIcon } from './FileIcon';
import { previewKind } from './kinds';

const MOST_TEXT = 256 * 1024;

function NoPreview({ item, why }: { item: FileItem; why: string }) {
  return (
    <div className="m-auto flex flex-col items-center gap-4 rounded-2xl bg-surface px-10 py-12 text-center">
      <FileIcon name={item.name} isDirectory={false} size={48} />
      <p className="text-sm text-soft">{why}</p>
      <Button kind="primary" onPress={() => void downloadFiles([item.path])}>
        <Download size={16} aria-hidden />
        Download ({formatBytes(item.size)})
      </Button>
    </div>
  );
}

function TextPreview({ item }: { item: FileItem }) {
  const text = useQuery({
    queryKey: ['text', item.path, item.etag],
    queryFn: async ({ signal }) =>
      item.size === 0 ? '' : new TextDecoder().decode(await readStart(item.path, MOST_TEXT, signal)),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (text.error) return <NoPreview item={item} why={text.error.message} />;
  if (text.data === undefined) return <Spinner label="Loading the text" size={28} />;
  return (
    <div className="mx-auto flex h-full w-full max-w-4xl flex-col overflow-hidden rounded-xl bg-surface">
      <pre
        tabIndex={0}
        className="scroll-thin focus-inset grow overflow-auto p-5 font-mono text-xs leading-relaxed whitespace-pre-wrap [overflow-wrap:anywhere] select-text"
      >
        {text.data === '' ? 'This file is empty.' : text.data}
      </pre>
      {item.size > MOST_TEXT && (
        <p className="border-t border-line px-5 py-2 text-xs text-soft">
          These are the first {formatBytes(MOST_TEXT)} of {formatBytes(item.size)}.
        </p>
      )}
    </div>
  );
}

function MediaPreview({ item, kind }: { item: FileItem; kind: 'image' | 'video' | 'audio' | 'pdf' }) {
  const [broken, setBroken] = useState(false);
  // The elements send the media cookie, which lives as long as the access token: have a fresh one before they start.
  const ready = useQuery({
    queryKey: ['media-ready', item.path],
    queryFn: async () => (await session.fresh()) !== null,
    gcTime: 0,
    staleTime: 0,
  });
  if (broken) return <NoPreview item={item} why="This file cannot be shown here." />;
  if (!ready.data) return <Spinner label="Loading" size={28} />;
  const url = contentUrl(item.path, true);
  switch (kind) {
    case 'image':
      return (
        <img
          src={url}
          alt={item.name}
          className="m-auto max-h-full max-w-full rounded-md object-contain"
          onError={() => setBroken(true)}
        />
      );
    case 'video':
      return (
        // biome-ignore lint/a11y/useMediaCaption: people's own files come without captions
        <video
          src={url}
          controls
          autoPlay
          className="m-auto max-h-full max-w-full rounded-md"
          onError={() => setBroken(true)}
        />
      );
    case 'audio':
      return (
        <div className="m-auto flex w-full max-w-lg flex-col items-center gap-6 rounded-2xl bg-surface p-8">
          <FileIcon name={item.name} isDirectory={false} size={56} />
          {/* biome-ignore lint/a11y/useMediaCaption: people's own files come without captions */}
          <audio src={url} controls autoPlay className="w-full" onError={() => setBroken(true)} />
        </div>
      );
    case 'pdf':
      return <iframe src={url} title={item.name} className="size-full rounded-xl bg-white" />;
  }
}

function Content({ item }: { item: FileItem }) {
  const byName = previewKind(item.name, undefined);
  const found = useQuery({
    queryKey: ['stat', item.path, item.etag],
    queryFn: ({ signal }) => stat(item.path, signal),
    enabled: byName === null,
  });
  if (byName === null && found.isPending) return <Spinner label="Loading" size={28} />;
  const kind = byName ?? previewKind(item.name, found.data?.content_type);
  if (kind === null) return <NoPreview item={item} why="There is no preview for files of this kind." />;
  if (kind === 'text') return <TextPreview item={item} />;
  return <MediaPreview item={item} kind={kind} />;
}

interface PreviewProps {
  item: FileItem;
  /** position among the files of the folder, from 1 */
  position: number;
  count: number;
  onStep: (by: -1 | 1) => void;
  onClose: () => void;
}

/** One file over the whole page; arrow keys go to the next one. */
export default function Preview({ item, position, count, onStep, onClose }: PreviewProps) {
  return (
    <ModalOverlay
      isOpen
      isDismissable
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      className="fixed inset-0 z-40 animate-fade bg-canvas"
    >
      <Modal className="h-full">
        <Dialog className="flex h-full flex-col outline-none">
          {/* biome-ignore lint/a11y/noStaticElementInteractions: keys that are meant for the whole dialog */}
          <div
            className="flex h-full min-h-0 flex-col"
            onKeyDown={(event) => {
              if ((event.target as Element).closest('video, audio, input')) return;
              if (event.key === 'ArrowLeft') onStep(-1);
              if (event.key === 'ArrowRight') onStep(1);
            }}
          >
            <header className="flex h-14 shrink-0 items-center gap-3 border-b border-line bg-surface pr-3 pl-5 max-sm:pl-3">
              <FileIcon name={item.name} isDirectory={false} />
              <div className="min-w-0 grow leading-tight">
                <Heading slot="title" className="truncate text-sm font-semibold">
                  {item.name}
                </Heading>
                <p className="truncate text-xs text-soft tabular-nums">
                  <span title={formatExactBytes(item.size)}>{formatBytes(item.size)}</span>
                  {' · '}
                  <span title={formatExactDate(item.modified_at)}>{formatDate(item.modified_at)}</span>
                </p>
              </div>
              <p className="px-1 text-xs text-soft tabular-nums max-sm:hidden" aria-live="polite">
                {formatCount(position)} of {formatCount(count)}
              </p>
              <IconButton label="Previous file" isDisabled={position <= 1} onPress={() => onStep(-1)}>
                <ChevronLeft size={18} aria-hidden />
              </IconButton>
              <IconButton label="Next file" isDisabled={position >= count} onPress={() => onStep(1)}>
                <ChevronRight size={18} aria-hidden />
              </IconButton>
              <IconButton label="Download" onPress={() => void downloadFiles([item.path])}>
                <Download size={17} aria-hidden />
              </IconButton>
              <IconButton label="Close preview" autoFocus onPress={onClose}>
                <X size={18} aria-hidden />
              </IconButton>
            </header>
            <div className="grid min-h-0 grow grid-cols-[minmax(0,1fr)] grid-rows-[minmax(0,1fr)] place-items-center p-5 max-sm:p-2">
              <Content key={item.path} item={item} />
            </div>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
