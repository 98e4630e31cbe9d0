import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';

import { progressDisplay } from '../../cli/live-progress';
import { seen, tuning } from '../support/observations';

function screen(fields: object) {
  const stream = Object.assign(new PassThrough(), fields) as unknown as WriteStream & PassThrough;
  return { stream, said: () => String(stream.read() ?? '') };
}
/** The lines of a log without their times, each of which must be there. */
const untimed = (said: string) =>
  said
    .trim()
    .split('\n')
    .map((line) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (.*)$/.exec(line)?.[1]);

it('elsewhere than on a terminal, a line is said when something changes, and long work four times', () => {
  const { stream, said } = screen({ isTTY: false });
  const display = progressDisplay(stream);
  display.update(seen({}));
  for (const done of [1, 2, 24, 26, 27, 60]) display.update(seen(tuning(done)));
  display.update(
    seen({ scoring: [{ of: 'original', technique: 'spatial-svd', done: 2, total: 3 }], notes: ['n'] }),
  );
  display.update(
    seen({ scoring: [{ of: 'original', technique: 'spatial-svd', done: 2, total: 3 }], notes: ['n'] }),
  );
  display.end();
  expect(untimed(said())).toEqual([
    'step 2, SVD: making and fine-tuning candidates',
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
  const display = progressDisplay(stream);
  display.update(seen({}));
  display.update(seen(tuning(50)));
  display.end();
  const text = said();
  expect(moves).toEqual(['to 0', 'to 0']);
  // Three lines up, then everything below is cleared.
  expect(text).toContain('\u001b[3A');
  expect(text).toContain('\u001b[0J');
  const escape = new RegExp(`${String.fromCharCode(27)}\\[[0-9]*[A-Z]`, 'g');
  for (const line of text.split('\n')) expect(line.replaceAll(escape, '').length).toBeLessThan(30);
});

it('a failure that is retried is told once, with its fix, and stays below the table', () => {
  const failed = {
    work: [
      {
        of: 'original',
        activity: 'evaluate',
        attempt: 2,
        state: 'retrying',
        activityId: 'evaluate/original/evaluate',
        heardAt: '2026-01-02T00:00:00.000Z',
        workflowId: 'w',
        runId: 'r',
        failure: { message: 'no space left', type: 'StoreFull', fix: 'free some space' },
      },
    ],
  } as const;
  const lines = screen({ isTTY: false });
  const display = progressDisplay(lines.stream);
  display.update(seen({ candidates: [] }));
  display.update(seen({ candidates: [] }, failed));
  display.update(seen({ candidates: [] }, failed));
  display.end();
  const told = [
    'original: evaluating failed, now try 2: no space left',
    'original: to fix it, free some space',
  ];
  expect(untimed(lines.said()).slice(1)).toEqual(told);
  const terminal = screen({ isTTY: true, columns: 200, rows: 24, cursorTo: () => undefined });
  const block = progressDisplay(terminal.stream);
  block.update(seen({}, failed));
  block.end();
  expect(terminal.said().trim().split('\n').slice(-2)).toEqual(told);
});

it('a silence of the server, a reset and what people do are told once, in lines or below the table', () => {
  const lines = screen({ isTTY: false });
  const display = progressDisplay(lines.stream);
  const paused = { paused: { by: 'ana@here', reason: 'GPU', at: '2026-01-01T00:00:00Z' } };
  display.update(seen({ candidates: [] }));
  display.update(seen({ candidates: [] }, { silent: 'server' }));
  display.update(seen({ candidates: [] }, { silent: 'server' }));
  display.update(seen({ candidates: [] }));
  display.update(seen({ candidates: [] }, { runId: 'another' }));
  display.update(seen({ candidates: [], ...paused }, { runId: 'another' }));
  display.update(
    seen(
      { candidates: [], decisions: [{ at: '', what: 'approved ssvd-0.65', by: 'ana@here', note: 'fine' }] },
      { runId: 'another' },
    ),
  );
  display.end();
  expect(untimed(lines.said()).slice(1)).toEqual([
    'waiting for the Temporal server, which does not answer',
    'the Temporal server answers again',
    'the run was reset: execution another continues it',
    'paused by ana@here: GPU; continue with: slimflow resume',
    'ana@here: approved ssvd-0.65 (fine)',
    'resumed',
  ]);

  const terminal = screen({ isTTY: true, columns: 200, rows: 24, cursorTo: () => undefined });
  const block = progressDisplay(terminal.stream);
  const waiting = { for: 'picks', proposed: ['ssvd-0.65', 'ssvd-0.75'], until: '2026-01-04' } as const;
  block.update(seen({ waiting }, { silent: 'worker' }));
  block.end();
  expect(terminal.said().trim().split('\n').slice(-2)).toEqual([
    'waiting for a worker: start `slimflow worker`, or `slimflow run` with the spec',
    'waiting for someone to approve the picks ssvd-0.65, ssvd-0.75 until 2026-01-04: slimflow approve',
  ]);
});
