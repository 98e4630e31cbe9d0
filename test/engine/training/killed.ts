/**
 * A process that fine-tunes and is killed at a step (SIGKILL: nothing is cleaned up):
 *
 *     node killed.js '{"input": {…FineTuneInput}, "killAt": 12}'
 */
import { fineTuneJob } from '../../../engine/jobs/fine-tune';
import type { FineTuneInput } from '../../../engine/jobs/types';

const { input, killAt } = JSON.parse(process.argv[2]) as { input: FineTuneInput; killAt: number };
let steps = 0;
void fineTuneJob(input, {
  report: () => undefined,
  checkStop: () => void (steps++ === killAt && process.kill(process.pid, 'SIGKILL')),
});
