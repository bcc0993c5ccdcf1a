/* SPDX-License-Identifier: MIT */
import { ArrowRight } from 'lucide-react';
import { useState } from 'react';
import { applyPlan } from '../../api/storage';
import type { Plan, PlanReply } from '../../api/types';
import { formatBytes, formatDate } from '../../lib/format';
import { watchJob } from '../../lib/jobs';
import { AppDialog, DialogActions } from '../../ui/AppDialog';
import { Button } from '../../ui/Button';
import { cx } from '../../ui/cx';
import { TextField } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { showError, showToast } from '../../ui/toasts';

/** Whether anything that is on a disk now would be gone. */
export const destroys = (plan: Plan): boolean => plan.losses.some((loss) => loss.destroys);

/** Shows the job in the tray, and says how it ended. */
export async function follow(job: string | null, title: string): Promise<void> {
  if (job === null) return;
  try {
    const end = await watchJob(job, title);
    if (end.state === 'succeeded') showToast(`Done: ${title}`);
    else showToast(`${title}: ${end.error ?? end.state}`, { kind: 'error' });
  } catch (error) {
    showError(error, title);
  }
}

/** What a plan would make and what would be lost by it, in words. */
export function PlanSummary({ plan }: { plan: Plan }) {
  return (
    <div className="flex flex-col gap-3 text-sm">
      <Exchange plan={plan} />
      <p>{plan.text}</p>
      {plan.warnings.length > 0 && (
        <ul className="flex list-disc flex-col gap-1 rounded-lg bg-warn-tint py-2.5 pr-3 pl-8 text-warn">
          {plan.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      {plan.losses.length > 0 && (destroys(plan) || !plan.replacement) && (
        <table className="w-full text-left text-xs">
          <caption className="mb-1 text-left text-sm font-medium">
            {destroys(plan) ? 'What is on these disks now will be lost' : 'Disks that are used; nothing is on them'}
          </caption>
          <thead className="text-soft">
            <tr>
              <th scope="col" className="py-1 pr-3 font-medium">
                Disk
              </th>
              <th scope="col" className="py-1 pr-3 font-medium">
                Serial
              </th>
              <th scope="col" className="py-1 font-medium">
                On it now
              </th>
            </tr>
          </thead>
          <tbody>
            {plan.losses.map((loss) => (
              <tr key={loss.path} className="border-t border-line align-top">
                <th scope="row" className="py-1.5 pr-3 font-medium">
                  {loss.name}
                  <span className="block font-normal text-soft">
                    {loss.model} · {formatBytes(loss.size)}
                  </span>
                </th>
                <td className="py-1.5 pr-3 [overflow-wrap:anywhere]">{loss.serial}</td>
                <td className={loss.destroys ? 'py-1.5 font-medium text-danger' : 'py-1.5'}>{loss.contents}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

interface PlanDialogProps {
  reply: PlanReply;
  onClose: () => void;
  onBack?: () => void;
}

type Who = { name: string; model: string; serial: string; bay: string };

function Side({ title, who, tone, children }: { title: string; who: Who; tone: string; children: string }) {
  return (
    <div className={cx('min-w-0 grow basis-52 rounded-xl px-4 py-3', tone)}>
      <p className="text-xs font-medium">{title}</p>
      <p className="mt-1 text-sm font-semibold text-text [overflow-wrap:anywhere]">
        {[who.bay, who.name].filter(Boolean).join(' · ') || 'Unknown disk'}
      </p>
      <p className="text-xs text-text [overflow-wrap:anywhere]">{who.model}</p>
      <p className="text-xs text-text [overflow-wrap:anywhere]">serial {who.serial}</p>
      <p className="mt-1 text-xs">{children}</p>
    </div>
  );
}

/** Which disk goes and which comes: those serial numbers are what one compares before one pulls. */
function Exchange({ plan }: { plan: Plan }) {
  const { failed, replacement } = plan;
  if (!failed || !replacement) return null;
  const seen = failed.last_seen_at ? `, last seen ${formatDate(failed.last_seen_at)}` : '';
  return (
    <div className="flex flex-wrap items-stretch gap-2">
      <Side title="Goes" who={failed} tone="bg-danger-tint text-danger">
        {`Slot ${failed.slot}, ${failed.state}${seen}`}
      </Side>
      <ArrowRight size={18} aria-hidden className="shrink-0 self-center text-soft max-sm:mx-auto max-sm:rotate-90" />
      <Side title="Comes" who={replacement} tone="bg-good-tint text-good">
        {replacement.why}
      </Side>
    </div>
  );
}

const VERBS: Record<Plan['kind'], [harmless: string, dangerous: string]> = {
  'array-create': ['Create the array', 'Erase and create'],
  'array-delete': ['Delete the array', 'Delete the array'],
  'array-add': ['Add the disk', 'Erase and add'],
  'array-repair': ['Start the repair', 'Erase and repair'],
  format: ['Make the pool', 'Erase and make the pool'],
  'pool-delete': ['Delete the pool', 'Delete the pool'],
};

/** The second of the two steps: shows the plan, has the name typed when something would be lost, and does it. */
export function PlanDialog({ reply, onClose, onBack }: PlanDialogProps) {
  const { plan, token } = reply;
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const dangerous = destroys(plan);

  async function apply(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      const job = await applyPlan(token);
      onClose();
      void follow(job, plan.title);
    } catch (refused) {
      setError(refused instanceof Error ? refused.message : String(refused));
      setBusy(false);
    }
  }

  return (
    <AppDialog title={plan.title} wide onClose={onClose}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void apply();
        }}
      >
        <PlanSummary plan={plan} />
        {dangerous && (
          <TextField
            label={`Type “${plan.name}” to confirm`}
            autoFocus
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        )}
        {error && <Notice>{error}</Notice>}
        <DialogActions>
          <Button onPress={onBack ?? onClose}>{onBack ? 'Back' : 'Cancel'}</Button>
          <Button
            kind={dangerous ? 'danger' : 'primary'}
            type="submit"
            isDisabled={busy || (dangerous && typed !== plan.name)}
          >
            {VERBS[plan.kind][dangerous ? 1 : 0]}
          </Button>
        </DialogActions>
      </form>
    </AppDialog>
  );
}
