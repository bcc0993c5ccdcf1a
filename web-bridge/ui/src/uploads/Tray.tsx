/* SPDX-License-Identifier: MIT */
import { ChevronDown, ChevronUp, Copy, HardDrive, Pause, Play, RotateCcw, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { formatBytes, formatCount, formatDuration, plural } from '../lib/format';
import { jobs, type RunningJob, stopJob } from '../lib/jobs';
import { useStore } from '../lib/store';
import { Button, IconButton } from '../ui/Button';
import { ConflictDialog } from './ConflictDialog';
import { reading, uploads } from './index';
import type { Snapshot, Totals } from './queue';
import { TaskList } from './TaskList';

export function fractionOf(totals: Totals): number {
  const ended = totals.done + totals.failed + totals.skipped + totals.cancelled;
  if (totals.files === 0) return 0;
  // Many small files are slow by their number, a few large ones by their bytes.
  const byNumber = ended / totals.files;
  return totals.bytes === 0 ? byNumber : (byNumber + totals.sentBytes / totals.bytes) / 2;
}

function isBusy(totals: Totals): boolean {
  return totals.waiting + totals.sending + totals.conflicts > 0;
}

function headline({ totals, paused }: Snapshot): string {
  if (isBusy(totals)) {
    const ended = totals.files - totals.waiting - totals.sending - totals.conflicts;
    const verb = paused ? 'Paused' : 'Uploading';
    return `${verb} ${formatCount(Math.min(ended + 1, totals.files))} of ${plural(totals.files, 'file')}`;
  }
  if (totals.failed > 0) return `${plural(totals.failed, 'file')} failed`;
  if (totals.done === 0) return totals.cancelled > 0 ? 'Upload cancelled' : 'Nothing uploaded';
  return `${plural(totals.done, 'file')} uploaded`;
}

function details({ totals, rate, paused }: Snapshot): string {
  const parts: string[] = [];
  if (isBusy(totals)) {
    parts.push(`${formatBytes(totals.sentBytes)} of ${formatBytes(totals.bytes)}`);
    if (!paused && totals.sending > 0 && rate > 0) {
      parts.push(`${formatBytes(rate)}/s`);
      const left = (totals.bytes - totals.sentBytes) / rate;
      if (left > 1) parts.push(`${formatDuration(left)} left`);
    }
  }
  if (totals.failed > 0 && isBusy(totals)) parts.push(`${formatCount(totals.failed)} failed`);
  if (totals.skipped > 0) parts.push(`${formatCount(totals.skipped)} skipped`);
  if (totals.cancelled > 0 && !isBusy(totals) && totals.done > 0)
    parts.push(`${formatCount(totals.cancelled)} cancelled`);
  return parts.join(' · ');
}

function ProgressBar({ label, fraction }: { label: string; fraction: number | null }) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={fraction === null ? undefined : Math.round(fraction * 100)}
      className="h-1 overflow-hidden rounded-full bg-pressed"
    >
      <div
        className={
          fraction === null
            ? 'h-full w-full animate-pulse-soft bg-accent-solid'
            : 'h-full bg-accent-solid transition-[width] duration-200'
        }
        style={fraction === null ? undefined : { width: `${fraction * 100}%` }}
      />
    </div>
  );
}

function JobRow({ running }: { running: RunningJob }) {
  const { job } = running;
  const fraction = job?.progress == null ? null : job.progress / 100;
  const Icon = job && /^(array|pool|smart)-/.test(job.operation) ? HardDrive : Copy;
  return (
    <li className="flex flex-col gap-2 border-b border-line px-4 py-3 last:border-0">
      <div className="flex items-center gap-2">
        <Icon size={15} aria-hidden className="shrink-0 text-soft" />
        <span className="min-w-0 grow truncate text-sm">{running.title}</span>
        <IconButton
          small
          label={`Cancel: ${running.title}`}
          isDisabled={running.cancelling}
          onPress={() => void stopJob(running.id).catch(() => undefined)}
        >
          <X size={15} aria-hidden />
        </IconButton>
      </div>
      <ProgressBar label={running.title} fraction={fraction} />
      {job?.text && (
        <p className="text-xs text-soft tabular-nums">
          {job.text}
          {job.progress !== null && ` · ${Math.floor(job.progress)} %`}
          {job.bytes_total === 0 && job.rate > 0 && ` · ${formatBytes(job.rate)}/s`}
        </p>
      )}
      {job && job.bytes_total > 0 && (
        <p className="text-xs text-soft tabular-nums">
          {formatBytes(job.bytes_done)} of {formatBytes(job.bytes_total)}
          {job.rate > 0 && ` · ${formatBytes(job.rate)}/s`}
        </p>
      )}
    </li>
  );
}

/** Shows the share that is done in the title of the tab. */
function useTabTitle(fraction: number | null): void {
  const percent = fraction === null ? null : Math.floor(fraction * 100);
  useEffect(() => {
    if (percent === null) return;
    const strip = () => document.title.replace(/^\d+ % · /, '');
    document.title = `${percent} % · ${strip()}`;
    return () => {
      document.title = strip();
    };
  }, [percent]);
}

/** Running work, at the bottom right: uploads from here and jobs of the NAS. */
export function Tray() {
  const snapshot = useStore(uploads.snapshot);
  const found = useStore(reading);
  const running = useStore(jobs);
  const [open, setOpen] = useState(false);
  const { totals } = snapshot;
  const busy = isBusy(totals);
  useTabTitle(busy ? fractionOf(totals) : null);

  return (
    <>
      {snapshot.conflict && (
        <ConflictDialog key={snapshot.conflict.id} task={snapshot.conflict} waiting={totals.conflicts} />
      )}
      {(totals.files > 0 || running.length > 0 || found !== null) && (
        <section
          aria-label="Running work"
          className="fixed right-4 bottom-4 z-30 flex w-92 max-w-[calc(100vw-2rem)] animate-rise flex-col overflow-hidden rounded-2xl border border-line bg-raised shadow-pop max-sm:inset-x-2 max-sm:bottom-16 max-sm:w-auto max-sm:max-w-none"
        >
          {found !== null && (
            <p className="px-4 py-3 text-sm" role="status">
              Looking through the folders… {formatCount(found)} files
            </p>
          )}
          {running.length > 0 && (
            <ul>
              {running.map((one) => (
                <JobRow key={one.id} running={one} />
              ))}
            </ul>
          )}
          {totals.files > 0 && (
            <>
              <div className="flex flex-col gap-2 px-4 py-3">
                <div className="flex items-center gap-1">
                  <h2 className="min-w-0 grow truncate text-sm font-semibold tabular-nums">{headline(snapshot)}</h2>
                  {busy && (
                    <IconButton
                      small
                      label={snapshot.paused ? 'Resume uploads' : 'Pause uploads'}
                      onPress={() => (snapshot.paused ? uploads.resume() : uploads.pause())}
                    >
                      {snapshot.paused ? <Play size={15} aria-hidden /> : <Pause size={15} aria-hidden />}
                    </IconButton>
                  )}
                  <IconButton
                    small
                    label={open ? 'Hide the files' : 'Show the files'}
                    aria-expanded={open}
                    onPress={() => setOpen(!open)}
                  >
                    {open ? <ChevronDown size={16} aria-hidden /> : <ChevronUp size={16} aria-hidden />}
                  </IconButton>
                  {busy ? (
                    <IconButton small label="Cancel all uploads" onPress={() => uploads.cancelAll()}>
                      <X size={16} aria-hidden />
                    </IconButton>
                  ) : (
                    <IconButton small label="Close" onPress={() => uploads.clear()}>
                      <X size={16} aria-hidden />
                    </IconButton>
                  )}
                </div>
                {busy && <ProgressBar label="Uploads" fraction={fractionOf(totals)} />}
                {details(snapshot) !== '' && <p className="text-xs text-soft tabular-nums">{details(snapshot)}</p>}
                {!busy && totals.failed > 0 && (
                  <div>
                    <Button small onPress={() => uploads.retryFailed()}>
                      <RotateCcw size={13} aria-hidden />
                      Try again
                    </Button>
                  </div>
                )}
              </div>
              {open && <TaskList version={snapshot.version} />}
            </>
          )}
        </section>
      )}
      <span role="status" className="sr-only">
        {totals.files > 0 && !busy ? headline(snapshot) : ''}
      </span>
    </>
  );
}
