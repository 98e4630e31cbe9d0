import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition, however long it takes: the test's own limit ends what never comes. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(50);
}
