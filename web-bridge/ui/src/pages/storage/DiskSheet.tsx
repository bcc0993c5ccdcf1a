/* SPDX-License-Identifier: MIT */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { abortSelftest, act, setSlot, smartOf } from '../../api/storage';
import type { DiskInfo, SmartAttribute } from '../../api/types';
import { formatBytes, formatCount, formatDate, formatExactBytes } from '../../lib/format';
import { AppDialog } from '../../ui/AppDialog';
import { Button } from '../../ui/Button';
import { cx } from '../../ui/cx';
import { inputBase } from '../../ui/Field';
import { showError, showToast } from '../../ui/toasts';
import { Badge, Bar } from './Badge';
import { HistoryChart } from './HistoryChart';
import { follow } from './PlanDialog';
import { bayName, isUsable, lookOfDisk, type Target } from './state';

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex flex-col">
      <dt className="text-xs text-soft">{name}</dt>
      <dd className="text-sm [overflow-wrap:anywhere]">{children}</dd>
    </div>
  );
}

const SMART: Record<DiskInfo['smart_status'], string> = {
  passed: 'Passed',
  failed: 'Failed',
  unknown: 'Not known yet',
  unsupported: 'Not reported by this disk',
};

const TONES: Record<SmartAttribute['status'], string> = {
  ok: '',
  watch: 'text-warn',
  failed_before: 'text-warn',
  failing: 'font-medium text-danger',
};

const STATUSES: Record<SmartAttribute['status'], string> = {
  ok: 'OK',
  watch: 'Watch',
  failed_before: 'Failed before',
  failing: 'Failing',
};

/** What asks for attention comes first; else as the disk has them. */
export function worstFirst(attributes: readonly SmartAttribute[]): SmartAttribute[] {
  const weight = (attribute: SmartAttribute) => ['failing', 'watch', 'failed_before', 'ok'].indexOf(attribute.status);
  return [...attributes].sort((a, b) => weight(a) - weight(b));
}

function Attributes({ disk }: { disk: DiskInfo }) {
  const [shown, setShown] = useState<SmartAttribute | null>(null);
  const { data, error } = useQuery({
    queryKey: ['smart', disk.path],
    queryFn: ({ signal }) => smartOf(disk.path, signal),
    enabled: disk.smart_status !== 'unsupported',
  });
  if (error) return <p className="text-sm text-soft">{error.message}</p>;
  if (!data) return null;
  return (
    <div className="flex flex-col gap-3">
      <HistoryChart
        disk={disk.path}
        attribute={shown?.id ?? 0}
        title={shown?.title ?? 'Temperature, °C'}
        key={shown?.id ?? 0}
      />
      <table className="w-full text-left text-xs tabular-nums">
        <caption className="sr-only">SMART attributes</caption>
        <thead className="text-soft">
          <tr>
            {['Attribute', 'Raw', 'Value', 'Worst', 'Limit', 'State'].map((head, index) => (
              <th
                key={head}
                scope="col"
                className={cx('py-1 pr-2 font-medium', index > 1 && index < 5 && 'max-sm:hidden')}
              >
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {worstFirst(data).map((attribute) => (
            <tr key={attribute.id} className="border-t border-line align-top">
              <th scope="row" className="py-1.5 pr-2 font-normal">
                <button
                  type="button"
                  className="text-left font-medium underline-offset-2 hover:underline"
                  aria-pressed={shown?.id === attribute.id}
                  onClick={() => setShown(attribute)}
                >
                  {attribute.title}
                </button>
                <span className="block text-soft">
                  {attribute.id} {attribute.name}
                </span>
                {attribute.trend && <span className="block text-warn">{attribute.trend}</span>}
              </th>
              <td className="py-1.5 pr-2">{attribute.text}</td>
              {[attribute.value, attribute.worst, attribute.threshold].map((value, index) => (
                <td key={index} className="py-1.5 pr-2 max-sm:hidden">
                  {value < 0 ? '–' : value}
                </td>
              ))}
              <td className={cx('py-1.5', TONES[attribute.status])}>{STATUSES[attribute.status]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Slot({ disk, onDone }: { disk: DiskInfo; onDone: () => void }) {
  const [slot, setText] = useState(disk.slot);
  return (
    <form
      className="flex items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        setSlot(disk.path, slot.trim()).then(onDone, (error) => showError(error));
      }}
    >
      <label className="flex grow flex-col gap-1 text-xs text-soft">
        Bay
        <input
          className={cx(inputBase, 'w-full')}
          maxLength={32}
          placeholder="such as “Bay 2, left”"
          value={slot}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <Button type="submit" isDisabled={slot.trim() === disk.slot}>
        Name it
      </Button>
    </form>
  );
}

interface DiskSheetProps {
  disk: DiskInfo;
  admin: boolean;
  onClose: () => void;
  onFormat: (target: Target) => void;
  onAdopt: (target: Target) => void;
}

/** All that is known of a disk, in plain words first. */
export function DiskSheet({ disk, admin, onClose, onFormat, onAdopt }: DiskSheetProps) {
  const client = useQueryClient();
  const refresh = () => void client.invalidateQueries();
  const run = (work: Promise<unknown>, done?: string) =>
    work.then(
      () => {
        if (done) showToast(done);
        refresh();
      },
      (error) => showError(error),
    );
  const test = (type: 'short' | 'extended') =>
    void run(
      act(disk.path, 'selftest', { type }).then((job) => void follow(job, `Self-test of ${bayName(disk)} (${type})`)),
    );

  return (
    <AppDialog title={[bayName(disk), disk.model].filter(Boolean).join(' · ')} wide onClose={onClose}>
      <div className="flex flex-col gap-5">
        <div className="flex flex-wrap items-center gap-2 text-sm">
          <Badge look={lookOfDisk(disk)} />
          {disk.state_text !== lookOfDisk(disk).word && <p className="min-w-0 grow basis-60">{disk.state_text}</p>}
        </div>
        <dl className="grid grid-cols-2 gap-3 sm:grid-cols-3">
          <Fact name="Serial number">{disk.serial || '–'}</Fact>
          <Fact name="Size">
            <span title={formatExactBytes(disk.size)}>{formatBytes(disk.size)}</span>
          </Fact>
          <Fact name="Device">{disk.device || `was ${disk.name}`}</Fact>
          <Fact name="On it">{disk.contents}</Fact>
          <Fact name="SMART">{SMART[disk.smart_status]}</Fact>
          {disk.temperature !== undefined && <Fact name="Temperature">{Math.round(disk.temperature)} °C</Fact>}
          {disk.power_on_hours !== undefined && <Fact name="Has run">{formatCount(disk.power_on_hours)} h</Fact>}
          <Fact name="Values read">{formatDate(disk.smart_updated_at ?? null)}</Fact>
          {!disk.present && <Fact name="Last seen">{formatDate(disk.last_seen_at)}</Fact>}
        </dl>
        {disk.selftest_status === 'running' && (
          <div className="flex flex-col gap-1.5">
            <p className="text-sm">Self-test, {Math.round(disk.selftest_progress)} %</p>
            <Bar label="Self-test" percent={disk.selftest_progress} />
          </div>
        )}
        {admin && (
          <>
            <div className="flex flex-wrap gap-2">
              {disk.present && disk.smart_status !== 'unsupported' && (
                <>
                  <Button small onPress={() => void run(act(disk.path, 'smart/refresh'), 'Values were read')}>
                    Read now
                  </Button>
                  {disk.selftest_status === 'running' ? (
                    <Button small onPress={() => void run(abortSelftest(disk.path), 'Self-test aborted')}>
                      Abort the self-test
                    </Button>
                  ) : (
                    <>
                      <Button small onPress={() => test('short')}>
                        Short self-test
                      </Button>
                      <Button small onPress={() => test('extended')}>
                        Extended self-test
                      </Button>
                    </>
                  )}
                </>
              )}
              {isUsable(disk) && (
                <Button small onPress={() => onFormat({ path: disk.path, name: bayName(disk) })}>
                  Make a pool of it…
                </Button>
              )}
              {disk.present && disk.usage === 'data' && (
                <Button small onPress={() => onAdopt({ path: disk.path, name: bayName(disk) })}>
                  Take over what is on it…
                </Button>
              )}
              {!disk.present && (
                <Button
                  small
                  onPress={() =>
                    void run(
                      act(disk.path, 'forget').then(() => onClose()),
                      'Expected no more',
                    )
                  }
                >
                  Forget it
                </Button>
              )}
            </div>
            <Slot disk={disk} onDone={refresh} />
          </>
        )}
        <Attributes disk={disk} />
      </div>
    </AppDialog>
  );
}
