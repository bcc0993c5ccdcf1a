/* SPDX-License-Identifier: MIT */
import { beforeEach, expect, test } from 'vitest';
import { forgetUndo, offerUndo, undoable, undoLast } from './undo';

let undone: string[];

function step(name: string): void {
  offerUndo({
    done: name,
    revert: async () => {
      undone.push(name);
    },
  });
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

beforeEach(() => {
  forgetUndo();
  undone = [];
});

test('the_last_thing_is_taken_back_first', async () => {
  step('first');
  step('second');
  expect(undoLast()).toBe(true);
  expect(undoLast()).toBe(true);
  expect(undoLast()).toBe(false);
  await settled();
  expect(undone).toEqual(['second', 'first']);
});

test('what_is_still_under_way_is_taken_back_once_it_has_ended', async () => {
  let end = (): void => undefined;
  const command = undoable(async () => {
    await new Promise<void>((resolve) => {
      end = resolve;
    });
    step('slow');
  });
  step('earlier');
  const work = command();
  expect(undoLast()).toBe(true);
  await settled();
  expect(undone).toEqual([]);
  end();
  await work;
  await settled();
  expect(undone).toEqual(['slow']);
});

test('what_comes_to_nothing_leaves_what_was_done_before_it', async () => {
  const command = undoable(async () => {
    throw new Error('refused');
  });
  step('earlier');
  const work = command();
  expect(undoLast()).toBe(true);
  await expect(work).rejects.toThrow('refused');
  await settled();
  expect(undone).toEqual([]);
});
