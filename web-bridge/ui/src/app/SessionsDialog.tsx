/* SPDX-License-Identifier: MIT */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Monitor } from 'lucide-react';
import { listSessions, revokeSession } from '../api/users';
import { formatDate, formatExactDate } from '../lib/format';
import { AppDialog } from '../ui/AppDialog';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Notice';
import { showError } from '../ui/toasts';
import { RowsSkeleton } from './PageSkeleton';

const key = ['sessions'] as const;

/** "Firefox on Linux" out of a user agent; the whole of it stays in the tooltip. */
export function agentName(agent: string): string {
  const browser = /Edg\//.test(agent)
    ? 'Edge'
    : /OPR\//.test(agent)
      ? 'Opera'
      : /Firefox\//.test(agent)
        ? 'Firefox'
        : /Chrome\//.test(agent)
          ? 'Chrome'
          : /Safari\//.test(agent)
            ? 'Safari'
            : null;
  const system = /Android/.test(agent)
    ? 'Android'
    : /iPhone|iPad/.test(agent)
      ? 'iOS'
      : /Windows/.test(agent)
        ? 'Windows'
        : /Mac OS X/.test(agent)
          ? 'macOS'
          : /Linux/.test(agent)
            ? 'Linux'
            : null;
  if (browser === null) return agent === '' ? 'Unknown device' : agent.slice(0, 60);
  return system === null ? browser : `${browser} on ${system}`;
}

export function SessionsDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const sessions = useQuery({ queryKey: key, queryFn: ({ signal }) => listSessions(signal) });
  const revoke = useMutation({
    mutationFn: revokeSession,
    onError: (error) => showError(error, 'Could not sign that device out'),
    onSettled: () => client.invalidateQueries({ queryKey: key }),
  });

  return (
    <AppDialog title="Signed-in devices" wide onClose={onClose}>
      {sessions.error && <Notice>{sessions.error.message}</Notice>}
      {sessions.isPending && <RowsSkeleton rows={3} rowHeight={56} />}
      <ul className="flex flex-col divide-y divide-line">
        {sessions.data?.map((one) => (
          <li key={one.session_id} className="flex items-center gap-3 py-3">
            <Monitor size={18} aria-hidden className="shrink-0 text-soft" />
            <div className="min-w-0 grow">
              <p className="truncate text-sm font-medium" title={one.client_agent}>
                {agentName(one.client_agent)}
                {one.is_current && (
                  <span className="ml-2 rounded-full bg-good-tint px-2 py-0.5 text-2xs font-medium text-good">
                    this one
                  </span>
                )}
              </p>
              <p className="truncate text-xs text-soft">
                {one.client_address === '' ? '' : `${one.client_address} · `}
                <span title={formatExactDate(one.last_used_at)}>last used {formatDate(one.last_used_at)}</span>
              </p>
            </div>
            {!one.is_current && (
              <Button small isDisabled={revoke.isPending} onPress={() => revoke.mutate(one.session_id)}>
                Sign out
              </Button>
            )}
          </li>
        ))}
      </ul>
    </AppDialog>
  );
}
