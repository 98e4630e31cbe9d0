import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';

import { live } from '../../cli/live';
import type { LiveProgress } from '../../client/watch';

const plan = { technique: 'spatial-svd', parent: null, round: 0, workflowId: 'w', asked: 0.5 } as const;
const progress = (change: Partial<LiveProgress>): LiveProgress => ({
  name: 'resnet',
  target: 0.5,
  tolerance: 1,
  cost: 'macs',
  stage: 'SVD',
  scoring: [],
  judgements: [],
  candidates: [{ ...plan, id: 'ssvd-0.50', status: 'running' }],
  notes: [],
  decisions: [],
  doing: {},
  ...change,
});
const tuning = (done: number) => ({
  doing: {
    'ssvd-0.50': { activity: 'fineTune', attempt: 1, at: { done, total: 100, note: `step ${done}` } },
  },
});

function screen(fields: object) {
  const stream = Object.assign(new PassThrough(), fields) as unknown as WriteStream & PassThrough;
  return { stream, said: () => String(stream.read() ?? '') };
}

it('elsewhere than on a terminal, a line is said when something changes, and long work four times', () => {
  const { stream, said } = screen({ isTTY: false });
  const display = live(stream);
  display.update(progress({}));
  for (const done of [1, 2, 24, 26, 27, 60]) display.update(progress(tuning(done)));
  display.update(
    progress({ scoring: [{ of: 'original', technique: 'spatial-svd', done: 2, total: 3 }], notes: ['n'] }),
  );
  display.update(
    progress({ scoring: [{ of: 'original', technique: 'spatial-svd', done: 2, total: 3 }], notes: ['n'] }),
  );
  display.end();
  expect(said().trim().split('\n')).toEqual([
    'step 2, SVD: candidates are made and fine-tuned',
    'ssvd-0.50: fine-tuning 1 %, step 1',
    'ssvd-0.50: fine-tuning 26 %, step 26',
    'ssvd-0.50: fine-tuning 60 %, step 60',
    'spatial-svd of original: 2 of 3 layers scored',
    'note: n',
  ]);
});

it('on a terminal the status is redrawn over itself, within its width', () => {
  const moves: string[] = [];
  const { stream, said } = screen({
    isTTY: true,
    columns: 30,
    rows: 24,
    cursorTo: (x: number) => moves.push(`to ${x}`),
  });
  const display = live(stream);
  display.update(progress({}));
  display.update(progress(tuning(50)));
  display.end();
  const text = said();
  expect(moves).toEqual(['to 0', 'to 0']);
  // Three lines up, then everything below is cleared.
  expect(text).toContain('\u001b[3A');
  expect(text).toContain('\u001b[0J');
  const escape = new RegExp(`${String.fromCharCode(27)}\\[[0-9]*[A-Z]`, 'g');
  for (const line of text.split('\n')) expect(line.replaceAll(escape, '').length).toBeLessThan(30);
});
