/* SPDX-License-Identifier: MIT */
import { showError, showToast } from '../ui/toasts';

interface Step {
  /** what was done, as a sentence: "Deleted 3 items" */
  done: string;
  /** takes it back */
  revert: () => Promise<void>;
}

const DEEPEST = 20;
const steps: Step[] = [];
/** commands that have not ended yet */
const underWay = new Set<Promise<unknown>>();

async function take(step: Step): Promise<void> {
  const at = steps.indexOf(step);
  if (at < 0) return;
  steps.splice(at, 1);
  try {
    await step.revert();
    showToast('Undone');
  } catch (error) {
    showError(error, 'Could not undo');
  }
}

/** Tells what was done, and offers to take it back by the toast or, later, by Ctrl+Z. */
export function offerUndo(step: Step): void {
  steps.push(step);
  if (steps.length > DEEPEST) steps.shift();
  showToast(step.done, { action: { label: 'Undo', run: () => void take(step) } });
}

/** A command that offers its way back when it has ended: who wants it undone before that is not told that there is nothing to undo. */
export function undoable<Args extends unknown[]>(
  command: (...args: Args) => Promise<void>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    const work = command(...args);
    underWay.add(work);
    try {
      await work;
    } finally {
      underWay.delete(work);
    }
  };
}

/** Takes back what is under way once it has ended; not what was done before it when it comes to nothing. */
async function takeNext(): Promise<void> {
  const before = steps.at(-1);
  await Promise.allSettled(underWay);
  const step = steps.at(-1);
  if (step && step !== before) await take(step);
}

/** Takes back the last thing; false when there is none. */
export function undoLast(): boolean {
  if (underWay.size > 0) {
    void takeNext();
    return true;
  }
  const step = steps.at(-1);
  if (!step) return false;
  void take(step);
  return true;
}

/** Forgets everything, as when somebody else signs in. */
export function forgetUndo(): void {
  steps.length = 0;
}
