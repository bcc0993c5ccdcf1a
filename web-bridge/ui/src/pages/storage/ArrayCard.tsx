/* SPDX-License-Identifier: MIT */
import { Ellipsis, Wrench } from 'lucide-react';
import { useState } from 'react';
import { act, makePlan } from '../../api/storage';
import type { ArrayMember, DiskInfo, PlanReply, RaidArray } from '../../api/types';
import { formatBytes, formatDate, formatExactBytes, plural } from '../../lib/format';
import { type Command, MenuButton } from '../../ui/AppMenu';
import { Button, IconButton } from '../../ui/Button';
import { cx } from '../../ui/cx';
import { showError, showToast } from '../../ui/toasts';
import { AddDiskDialog } from './AddDiskDialog';
import { Badge, Bar } from './Badge';
import { follow, PlanDialog } from './PlanDialog';
import { levelName, lookOfArray, lookOfMember, serialEnd, syncText, type Target } from './state';

function aboutMember(member: ArrayMember): string {
  const parts = [member.serial && `serial ${serialEnd(member.serial)}`];
  if (!member.present && member.last_seen_at) parts.push(`last seen ${formatDate(member.last_seen_at)}`);
  if (member.errors > 0) parts.push(`${plural(member.errors, 'read error')} corrected`);
  return parts.filter(Boolean).join(' · ');
}

function Members({ array }: { array: RaidArray }) {
  return (
    <ul className="flex flex-col divide-y divide-line border-y border-line">
      {array.members.map((member) => (
        <li key={`${member.slot} ${member.disk} ${member.serial}`} className="flex items-center gap-3 py-1.5">
          <span className="w-12 shrink-0 text-xs text-soft tabular-nums">
            {member.slot < 0 ? 'Spare' : `Slot ${member.slot}`}
          </span>
          <span className="min-w-0 grow">
            <span className="block truncate text-sm" title={member.model}>
              <span className="font-medium">{member.bay || member.name || 'Unknown disk'}</span>{' '}
              <span className="text-soft">{member.model}</span>
            </span>
            <span className="block text-xs text-soft tabular-nums" title={member.serial}>
              {aboutMember(member)}
            </span>
          </span>
          <Badge look={lookOfMember(member)} />
        </li>
      ))}
    </ul>
  );
}

interface ArrayCardProps {
  array: RaidArray;
  disks: readonly DiskInfo[];
  /** by which the bays of its members are marked */
  hue: string | null;
  admin: boolean;
  refresh: () => void;
  onFormat: (target: Target) => void;
  onAdopt: (target: Target) => void;
}

/** An array: how it is, who belongs to it, what goes on, and what can be done. */
export function ArrayCard({ array, disks, hue, admin, refresh, onFormat, onAdopt }: ArrayCardProps) {
  const [plan, setPlan] = useState<PlanReply | null>(null);
  const [adding, setAdding] = useState(false);
  const sync = syncText(array);
  const idle = array.running && sync === null;

  async function run(work: () => Promise<string | null | undefined>, title: string): Promise<void> {
    try {
      const job = await work();
      if (job) void follow(job, title);
      else if (job === null) showToast(`Done: ${title}`);
    } catch (error) {
      showError(error, title);
    }
    refresh();
  }

  const planned = async (reply: Promise<PlanReply>): Promise<undefined> => {
    setPlan(await reply);
    return undefined;
  };
  const repair = () => void run(() => planned(makePlan('repair', { array: array.path })), `Repair of ${array.name}`);
  const verb = (
    id: string,
    label: string,
    path: string,
    body: Record<string, unknown> = {},
    disabled = false,
  ): Command => ({
    id,
    label,
    disabled,
    run: () => void run(() => act(array.path, path, body), `${label.replace('…', '')}: ${array.name}`),
  });
  const members = array.members.filter((member) => member.disk !== null && member.present);

  const commands: (Command | null)[] = [
    verb('check', 'Check', 'scrub', { action: 'check' }, !idle || array.degraded > 0),
    verb('correct', 'Check and correct', 'scrub', { action: 'repair' }, !idle || array.degraded > 0),
    null,
    { id: 'add', label: 'Add a disk…', disabled: !array.running, run: () => setAdding(true) },
    ...members.map((member) =>
      verb(
        `remove-${member.disk}`,
        `Take ${member.bay || member.name} out`,
        'remove-member',
        { disk: member.disk },
        !array.running,
      ),
    ),
    array.bitmap === 'internal'
      ? verb('bitmap', 'Keep no bitmap of what is being written', 'bitmap', { bitmap: 'none' }, !idle)
      : verb('bitmap', 'Keep a bitmap of what is being written', 'bitmap', { bitmap: 'internal' }, !idle),
    null,
    ...(array.running
      ? [verb('stop', 'Stop', 'stop')]
      : [
          verb('start', 'Start', 'start'),
          verb('start-degraded', 'Start without the missing disks', 'start', { degraded: true }),
        ]),
    ...(array.running && array.pool === null
      ? [
          { id: 'format', label: 'Make a pool of it…', run: () => onFormat(array) },
          { id: 'adopt', label: 'Take over what is on it as a pool…', run: () => onAdopt(array) },
        ]
      : []),
    ...(array.state === 'absent' ? [verb('forget', 'Forget it', 'forget')] : []),
    {
      id: 'delete',
      label: 'Delete…',
      danger: true,
      run: () => void run(() => planned(makePlan('delete', { target: array.path })), `Delete ${array.name}`),
    },
  ];

  return (
    <article
      aria-label={`Array ${array.name}`}
      className="flex flex-col gap-3 rounded-2xl border border-line bg-surface p-4 shadow-card"
    >
      <div className="flex flex-wrap items-center gap-2">
        {hue && <span aria-hidden className={cx('size-2.5 shrink-0 rounded-full', hue)} />}
        <h3 className="font-semibold">{array.name}</h3>
        {array.level !== undefined && <span className="text-sm text-soft">{levelName(array.level)}</span>}
        {array.size !== undefined && (
          <span className="text-sm text-soft tabular-nums" title={formatExactBytes(array.size)}>
            {formatBytes(array.size)}
          </span>
        )}
        <span className="grow" />
        <Badge look={lookOfArray(array)} />
        {admin && (
          <MenuButton commands={commands} label={`Actions for ${array.name}`}>
            <IconButton label={`Actions for ${array.name}`} small>
              <Ellipsis size={16} aria-hidden />
            </IconButton>
          </MenuButton>
        )}
      </div>
      <div className="flex flex-wrap items-center gap-3">
        <p className="min-w-0 grow basis-60 text-sm">{array.state_text}</p>
        {admin && array.degraded > 0 && array.running && array.sync_action !== 'recover' && (
          <Button kind="primary" onPress={repair}>
            <Wrench size={15} aria-hidden />
            Repair…
          </Button>
        )}
      </div>
      {sync && (
        <div className="flex flex-col gap-1.5">
          <Bar label={sync} percent={array.sync_progress} />
          <p className="text-xs text-soft tabular-nums">{sync}</p>
        </div>
      )}
      <Members array={array} />
      <p className="text-xs text-soft">
        {[
          array.last_scrub_at ? `Checked ${formatDate(array.last_scrub_at)}` : 'Not checked yet',
          array.mismatches_valid && (array.mismatches ?? 0) > 0 ? `${formatBytes(array.mismatches ?? 0)} differed` : '',
          array.bitmap === 'internal' ? 'short resync after a power cut' : '',
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
      {plan && (
        <PlanDialog
          reply={plan}
          onClose={() => {
            setPlan(null);
            refresh();
          }}
        />
      )}
      {adding && <AddDiskDialog array={array} disks={disks} onClose={() => setAdding(false)} onPlan={setPlan} />}
    </article>
  );
}
