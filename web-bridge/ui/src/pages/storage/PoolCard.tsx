/* SPDX-License-Identifier: MIT */
import { useQuery } from '@tanstack/react-query';
import { Ellipsis, FolderClosed, Star } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { act, makePlan, poolUsers } from '../../api/storage';
import type { PlanReply, PoolInfo } from '../../api/types';
import { formatBytes, formatExactBytes } from '../../lib/format';
import { AppDialog, DialogActions } from '../../ui/AppDialog';
import { type Command, MenuButton } from '../../ui/AppMenu';
import { Button, IconButton } from '../../ui/Button';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { cx } from '../../ui/cx';
import { TextField } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { showError, showToast } from '../../ui/toasts';
import { Badge } from './Badge';
import { follow, PlanDialog } from './PlanDialog';
import { levelName, lookOfPool } from './state';

type Leaving = { verb: 'unmount' | 'detach'; title: string; text: string };

const LEAVING: Record<Leaving['verb'], Leaving> = {
  unmount: {
    verb: 'unmount',
    title: 'Unmount',
    text: 'Its files are not available until it is mounted again. Nothing is lost.',
  },
  detach: {
    verb: 'detach',
    title: 'Detach',
    text: 'It is no pool of this NAS any more. Everything on it stays, and it can be made a pool again.',
  },
};

/** Asks before a pool is taken away, and says what still uses it. */
function LeaveDialog({ pool, leaving, onClose }: { pool: PoolInfo; leaving: Leaving; onClose: () => void }) {
  const users = useQuery({
    queryKey: ['pools', pool.path, 'users'],
    queryFn: ({ signal }) => poolUsers(pool.path ?? '', signal),
  });
  const used = users.data ?? [];
  return (
    <ConfirmDialog
      title={`${leaving.title} “${pool.name}”?`}
      confirm={used.length > 0 ? `${leaving.title}, and end what uses it` : leaving.title}
      onClose={onClose}
      run={async () => {
        await act(pool.path ?? '', leaving.verb, { force: used.length > 0 });
      }}
    >
      <p>{leaving.text}</p>
      {used.length > 0 && (
        <div>
          <p>It is in use by:</p>
          <ul className="list-disc pl-5">
            {used.map((user) => (
              <li key={user.text}>{user.text}</li>
            ))}
          </ul>
        </div>
      )}
    </ConfirmDialog>
  );
}

function RenameDialog({ pool, onClose }: { pool: PoolInfo; onClose: () => void }) {
  const [name, setName] = useState(pool.name);
  const [error, setError] = useState<string | null>(null);
  return (
    <AppDialog title={`Rename “${pool.name}”`} onClose={onClose}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          act(pool.path ?? '', 'rename', { name: name.trim() }).then(onClose, (refused: Error) =>
            setError(refused.message),
          );
        }}
      >
        <TextField
          label="Name"
          autoFocus
          maxLength={64}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        {error && <Notice>{error}</Notice>}
        <DialogActions>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isDisabled={name.trim() === '' || name.trim() === pool.name}>
            Rename
          </Button>
        </DialogActions>
      </form>
    </AppDialog>
  );
}

interface PoolCardProps {
  pool: PoolInfo;
  /** what it is on, as people call it */
  source: string;
  admin: boolean;
  refresh: () => void;
}

/** A pool: how full it is, and what can be done with it. The first is the storage of the configuration, which only shows itself. */
export function PoolCard({ pool, source, admin, refresh }: PoolCardProps) {
  const [plan, setPlan] = useState<PlanReply | null>(null);
  const [leaving, setLeaving] = useState<Leaving | null>(null);
  const [renaming, setRenaming] = useState(false);
  const path = pool.path;
  const name = pool.name === '' ? 'Main storage' : pool.name;
  const size = pool.size ?? 0;
  const percent = size > 0 ? Math.min(100, (100 * pool.used) / size) : 0;
  const mounted = pool.mount_point !== '';

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

  const verb = (id: string, label: string, disabled = false): Command => ({
    id,
    label,
    disabled,
    run: () => void run(() => act(path ?? '', id), `${label}: ${name}`),
  });
  const commands: (Command | null)[] = [
    mounted
      ? { id: 'unmount', label: 'Unmount…', run: () => setLeaving(LEAVING.unmount) }
      : verb('mount', 'Mount', pool.state === 'absent'),
    verb('default', 'Begin with this pool', pool.is_default),
    { id: 'rename', label: 'Rename…', run: () => setRenaming(true) },
    verb('grow', 'Grow to the size of its disks', !mounted),
    null,
    { id: 'detach', label: 'Detach…', run: () => setLeaving(LEAVING.detach) },
    {
      id: 'delete',
      label: 'Delete…',
      danger: true,
      disabled: pool.state === 'absent',
      run: () =>
        void run(async () => {
          setPlan(await makePlan('delete', { target: path }));
          return undefined;
        }, `Delete ${name}`),
    },
  ];
  const done = (close: () => void) => () => {
    close();
    refresh();
  };

  return (
    <article
      aria-label={`Pool ${name}`}
      className="flex flex-col gap-3 rounded-2xl border border-line bg-surface p-4 shadow-card"
    >
      <div className="flex flex-wrap items-center gap-2">
        <FolderClosed size={16} aria-hidden className="text-folder" />
        <h3 className="font-semibold [overflow-wrap:anywhere]">
          {pool.state === 'ready' || pool.state === 'degraded' ? (
            <Link className="underline-offset-2 hover:underline" to={`/files/${encodeURIComponent(pool.name)}`}>
              {name}
            </Link>
          ) : (
            name
          )}
        </h3>
        {pool.is_default && (
          <span className="inline-flex items-center gap-1 text-xs text-soft">
            <Star size={12} aria-hidden />
            begins here
          </span>
        )}
        <span className="grow" />
        <Badge look={lookOfPool(pool)} />
        {admin && path !== null && (
          <MenuButton commands={commands} label={`Actions for ${name}`}>
            <IconButton label={`Actions for ${name}`} small>
              <Ellipsis size={16} aria-hidden />
            </IconButton>
          </MenuButton>
        )}
      </div>
      {pool.state_text !== lookOfPool(pool).word && <p className="text-sm">{pool.state_text}</p>}
      {size > 0 && (
        <>
          <div
            role="meter"
            aria-label={`Used space of ${name}`}
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={Math.round(percent)}
            className="h-1.5 overflow-hidden rounded-full bg-pressed"
          >
            <div
              className={cx('h-full rounded-full', percent >= 90 ? 'bg-danger-solid' : 'bg-accent-solid')}
              style={{ width: `${percent}%` }}
            />
          </div>
          <p className="text-xs text-soft tabular-nums" title={formatExactBytes(pool.free)}>
            {[
              `${formatBytes(pool.free)} free of ${formatBytes(size)}`,
              pool.filesystem,
              pool.level && levelName(pool.level),
              source && `on ${source}`,
            ]
              .filter(Boolean)
              .join(' · ')}
          </p>
        </>
      )}
      {leaving && <LeaveDialog pool={pool} leaving={leaving} onClose={done(() => setLeaving(null))} />}
      {renaming && <RenameDialog pool={pool} onClose={done(() => setRenaming(false))} />}
      {plan && <PlanDialog reply={plan} onClose={done(() => setPlan(null))} />}
    </article>
  );
}
