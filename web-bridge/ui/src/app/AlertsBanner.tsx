/* SPDX-License-Identifier: MIT */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Check, OctagonAlert, TriangleAlert } from 'lucide-react';
import { Link, useLocation } from 'react-router';
import { acknowledgeAlert, listAlerts } from '../api/alerts';
import type { Alert, User } from '../api/types';
import { formatDate, formatExactDate, plural } from '../lib/format';
import { Button } from '../ui/Button';
import { cx } from '../ui/cx';
import { showError } from '../ui/toasts';

export const alertsKey = ['alerts'] as const;

/** The gravest first, then the newest. */
export function inOrder(alerts: readonly Alert[]): Alert[] {
  const weight = (alert: Alert) => (alert.severity === 'critical' ? 0 : 1);
  return [...alerts].sort(
    (a, b) => weight(a) - weight(b) || Date.parse(b.raised_at ?? '') - Date.parse(a.raised_at ?? ''),
  );
}

/** What needs a person, on every page, until somebody says that they know or it is over. */
export function AlertsBanner({ user }: { user: User }) {
  const client = useQueryClient();
  const location = useLocation();
  const { data } = useQuery({ queryKey: alertsKey, queryFn: ({ signal }) => listAlerts(signal), staleTime: 60_000 });
  const open = inOrder((data ?? []).filter((alert) => alert.acknowledged_at === null && alert.resolved_at === null));
  const [first] = open;
  if (!first) return null;
  const critical = first.severity === 'critical';
  const Icon = critical ? OctagonAlert : TriangleAlert;

  async function acknowledge(): Promise<void> {
    try {
      if (first) await acknowledgeAlert(first.id);
    } catch (error) {
      showError(error, 'Not acknowledged');
    }
    await client.invalidateQueries({ queryKey: alertsKey });
  }

  return (
    <section
      aria-label="Alerts"
      className={cx(
        'flex shrink-0 items-center gap-3 border-b px-5 py-2 text-sm max-sm:flex-wrap max-sm:px-4',
        critical ? 'border-danger/30 bg-danger-tint text-danger' : 'border-warn/30 bg-warn-tint text-warn',
      )}
    >
      <Icon size={18} aria-hidden className="shrink-0" />
      <div role="alert" className="min-w-0 grow basis-60">
        <p className="font-semibold">
          {first.title}
          <span className="ml-2 text-xs font-normal" title={formatExactDate(first.raised_at)}>
            {formatDate(first.raised_at)}
          </span>
        </p>
        <p className="[overflow-wrap:anywhere]">{first.text}</p>
      </div>
      {open.length > 1 && <span className="shrink-0 text-xs">{`and ${plural(open.length - 1, 'more', 'more')}`}</span>}
      {location.pathname !== '/storage' && (
        <Link to="/storage" className="shrink-0 rounded-lg px-2 py-1 font-semibold underline underline-offset-2">
          Show storage
        </Link>
      )}
      {user.role === 'admin' && (
        <Button small onPress={() => void acknowledge()}>
          <Check size={14} aria-hidden />
          Got it
        </Button>
      )}
    </section>
  );
}
