/* SPDX-License-Identifier: MIT */
import { ApiError } from '../api/client';
import { newsOf } from '../api/events';
import { job as askJob, cancelJob } from '../api/files';
import type { Job } from '../api/types';
import { Store } from './store';

/* Work that the NAS does by itself and that was started here. */

export interface RunningJob {
  id: string;
  title: string;
  job: Job | null;
  cancelling: boolean;
}

/** Time between two questions while the NAS does not tell by itself. */
const ASK_MS = 500;

export const jobs = new Store<readonly RunningJob[]>([]);

function change(id: string, values: Partial<RunningJob>): void {
  jobs.set(jobs.get().map((one) => (one.id === id ? { ...one, ...values } : one)));
}

/** Shows a job in the tray until it ends. Resolves with its end. */
export async function watchJob(id: string, title: string): Promise<Job> {
  jobs.set([...jobs.get(), { id, title, job: null, cancelling: false }]);
  const news = newsOf(`jobs/${id}`, ASK_MS);
  try {
    for (;;) {
      try {
        const now = await askJob(id);
        change(id, { job: now });
        if (now.state !== 'running') return now;
      } catch (error) {
        // While the NAS cannot be reached the job goes on all the same.
        if (!(error instanceof ApiError) || !error.isConnection) throw error;
      }
      await news.next();
    }
  } finally {
    news.stop();
    jobs.set(jobs.get().filter((one) => one.id !== id));
  }
}

export async function stopJob(id: string): Promise<void> {
  change(id, { cancelling: true });
  await cancelJob(id);
}
