/* SPDX-License-Identifier: MIT */
import { api } from './index';
import type { Alert } from './types';

/* The routes of /api/alerts. */

export async function listAlerts(signal?: AbortSignal): Promise<Alert[]> {
  return (await api.json<{ alerts: Alert[] }>('GET', '/alerts', { signal })).alerts;
}

export async function acknowledgeAlert(id: string): Promise<void> {
  await api.json('POST', `/alerts/${encodeURIComponent(id)}/acknowledge`);
}
