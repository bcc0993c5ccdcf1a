/* SPDX-License-Identifier: MIT */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { HardDrive, Plus, ServerOff, ShieldAlert } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { listArrays, listDisks, listPools, storageState } from '../../api/storage';
import type { DiskInfo, RaidArray, User } from '../../api/types';
import { RowsSkeleton } from '../../app/PageSkeleton';
import { Button } from '../../ui/Button';
import { cx } from '../../ui/cx';
import { EmptyState } from '../../ui/EmptyState';
import { AdoptDialog } from './AdoptDialog';
import { ArrayCard } from './ArrayCard';
import { ArrayWizard } from './ArrayWizard';
import { Bays } from './Bays';
import { DiskSheet } from './DiskSheet';
import { FormatDialog } from './FormatDialog';
import { PoolCard } from './PoolCard';
import { hueOf, nameOf, summaryOf, type Target } from './state';

/** Everything about storage; what the stream of events calls out of date is asked for again. */
function useStorage() {
  const state = useQuery({ queryKey: ['storage'], queryFn: ({ signal }) => storageState(signal) });
  const disks = useQuery({ queryKey: ['disks'], queryFn: ({ signal }) => listDisks(signal) });
  const arrays = useQuery({ queryKey: ['arrays'], queryFn: ({ signal }) => listArrays(signal) });
  const pools = useQuery({ queryKey: ['pools'], queryFn: ({ signal }) => listPools(signal) });
  return { state, disks, arrays, pools };
}

function Group({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <section className="flex flex-col gap-3">
      <div className="flex items-center gap-2">
        <h2 className="grow text-sm font-semibold">{title}</h2>
        {action}
      </div>
      <div className="grid grid-cols-[repeat(auto-fit,minmax(min(26rem,100%),1fr))] gap-3">{children}</div>
    </section>
  );
}

function Summary({ disks, arrays }: { disks: readonly DiskInfo[]; arrays: readonly RaidArray[] }) {
  const { icon: Icon, tone, word } = summaryOf(disks, arrays);
  return (
    <p className={cx('flex gap-2.5 rounded-xl px-4 py-2.5 text-sm font-medium', tone)}>
      <Icon size={18} aria-hidden className="shrink-0" />
      {word}
    </p>
  );
}

/** Disks, arrays and pools. */
export default function StoragePage({ user }: { user: User }) {
  const client = useQueryClient();
  const { state, disks, arrays, pools } = useStorage();
  const [opened, setOpened] = useState<string | null>(null);
  const [formatting, setFormatting] = useState<Target | null>(null);
  const [adopting, setAdopting] = useState<Target | null>(null);
  const [creating, setCreating] = useState(false);
  const admin = user.role === 'admin';
  const refresh = () => void client.invalidateQueries();
  const failed = state.error ?? disks.error ?? arrays.error ?? pools.error;
  const disk = disks.data?.find((one) => one.path === opened);

  useEffect(() => {
    document.title = 'Storage · BaluHost';
  }, []);

  return (
    <div className="scroll-thin min-h-0 grow overflow-y-auto">
      <div className="mx-auto flex max-w-6xl flex-col gap-6 px-5 pt-3 pb-8 max-sm:px-4">
        <div className="flex h-11 shrink-0 items-center gap-2">
          <h1 className="flex min-w-0 grow items-center gap-2 text-[0.95rem] font-semibold">
            <HardDrive size={16} aria-hidden className="text-soft" />
            Storage
          </h1>
          {admin && state.data?.available && (
            <Button kind="primary" onPress={() => setCreating(true)}>
              <Plus size={16} aria-hidden />
              New array
            </Button>
          )}
        </div>
        {failed && (
          <EmptyState
            icon={ShieldAlert}
            title="The storage cannot be shown"
            actions={<Button onPress={refresh}>Try again</Button>}
          >
            {failed.message}
          </EmptyState>
        )}
        {!failed && (disks.isPending || state.isPending) && <RowsSkeleton rowHeight={56} rows={4} />}
        {state.data && !state.data.available && (
          <EmptyState icon={ServerOff} title="Disks are not available">
            {state.data.problem}
          </EmptyState>
        )}
        {state.data?.available && disks.data && arrays.data && <Summary disks={disks.data} arrays={arrays.data} />}
        {disks.data && disks.data.length > 0 && (
          <Bays disks={disks.data} arrays={arrays.data ?? []} onOpen={(one) => setOpened(one.path)} />
        )}
        {arrays.data && (state.data?.available || arrays.data.length > 0) && (
          <Group title="Arrays">
            {arrays.data.map((array) => (
              <ArrayCard
                key={array.path}
                array={array}
                disks={disks.data ?? []}
                hue={hueOf(array.path, arrays.data)}
                admin={admin}
                refresh={refresh}
                onFormat={setFormatting}
                onAdopt={setAdopting}
              />
            ))}
            {arrays.data.length === 0 && (
              <p className="text-sm text-soft">There is no array. One keeps files when a disk dies.</p>
            )}
          </Group>
        )}
        {pools.data && (
          <Group title="Pools">
            {pools.data.map((pool) => (
              <PoolCard
                key={pool.path ?? 'main'}
                pool={pool}
                source={nameOf(pool.source, disks.data ?? [], arrays.data ?? [])}
                admin={admin}
                refresh={refresh}
              />
            ))}
          </Group>
        )}
      </div>
      {disk && (
        <DiskSheet
          key={disk.path}
          disk={disk}
          admin={admin}
          onClose={() => setOpened(null)}
          onFormat={(target) => {
            setOpened(null);
            setFormatting(target);
          }}
          onAdopt={(target) => {
            setOpened(null);
            setAdopting(target);
          }}
        />
      )}
      {formatting && (
        <FormatDialog
          target={formatting}
          filesystems={state.data?.filesystems ?? []}
          onClose={() => {
            setFormatting(null);
            refresh();
          }}
        />
      )}
      {adopting && (
        <AdoptDialog
          source={adopting}
          onClose={() => {
            setAdopting(null);
            refresh();
          }}
        />
      )}
      {creating && (
        <ArrayWizard
          disks={disks.data ?? []}
          taken={(arrays.data ?? []).map((array) => array.name)}
          onClose={() => {
            setCreating(false);
            refresh();
          }}
        />
      )}
    </div>
  );
}
