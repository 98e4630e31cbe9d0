import { Client, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

import { follow, type TimedRunEvent } from '../../client/follow';
import { observe } from '../../client/observe';
import { failureFixes } from '../../contract/failure-fixes';
import { gate, guidebookServer } from '../support/guidebook-server';
import { until } from '../support/until';

const server = guidebookServer();

/** Follows a run to its end; `events` grows meanwhile. */
function following(workflowId: string) {
  const events: TimedRunEvent[] = [];
  const ended = (async () => {
    for await (const event of follow(server.client(), workflowId, { intervalMs: 150 })) events.push(event);
    return events.at(-1);
  })();
  return { events, ended, typesSeen: () => events.map(({ type }) => type) };
}

/** Expects the events of a whole run. */
function tellsAll(events: readonly TimedRunEvent[]): void {
  expect(events[0]).toMatchObject({ type: 'run', workflowId: 'slimflow/all/1', isReset: false });
  expect(events.filter(({ type }) => type === 'stage').at(-1)).toMatchObject({ stage: 'done' });
  const rows = events.filter((event) => event.type === 'candidate');
  expect(rows.some(({ decision }) => decision?.includes('selected'))).toBe(true);
}

describe('following a run', () => {
  it('tells the same to all who follow, whenever they came, to the end', async () => {
    const held = gate();
    await server.withWorker('all', held, async () => {
      await server.start('slimflow/all/1', 'all');
      const early = following('slimflow/all/1');
      // Seen at the gate: a candidate, and that it is being fine-tuned.
      await until(() =>
        early.events.some((event) => event.type === 'epoch' && event.activity === 'fineTune'),
      );
      const late = following('slimflow/all/1');
      await until(() => late.typesSeen().includes('epoch'));
      held.open();
      const [end, same] = await Promise.all([early.ended, late.ended]);
      expect(end).toMatchObject({ type: 'end', status: 'completed', result: { outcome: 'selected' } });
      expect({ ...same, seenAt: '' }).toEqual({ ...end, seenAt: '' });
      for (const { events } of [early, late]) tellsAll(events);
    });
    // Nobody can be asked any more, and the result has it all the same.
    const after = following('slimflow/all/1');
    expect(await after.ended).toMatchObject({ type: 'end', status: 'completed' });
    tellsAll(after.events);
  });

  it('asks the workflow only after its history has grown', async () => {
    const held = gate();
    const id = 'slimflow/rarely/1';
    await server.withWorker('rarely', held, async () => {
      const handle = await server.start(id, 'rarely');
      const counts = { queries: 0, looks: 0 };
      const client = new Client({
        connection: server.environment().connection,
        interceptors: {
          workflow: [
            {
              query: (input, next) => (counts.queries++, next(input)),
              describe: (input, next) => {
                if (input.workflowExecution.workflowId === id) counts.looks++;
                return next(input);
              },
            },
          ],
        },
      });
      await held.reached(3);
      const stop = new AbortController();
      const looking = (async () => {
        for await (const { end } of observe(client, id, { intervalMs: 10, signal: stop.signal }))
          if (end) return;
      })();
      // Each growth is by an event at least, so that there are never more questions than events.
      const { historyLength } = await handle.describe();
      await until(() => counts.looks > 2 * historyLength);
      expect(counts.queries).toBeGreaterThan(0);
      expect(counts.queries).toBeLessThanOrEqual((await handle.describe()).historyLength);
      stop.abort();
      await expect(looking).rejects.toMatchObject({ name: 'AbortError' });
      await handle.cancel();
      held.open();
      await expect(handle.result()).rejects.toThrow();
    });
  });

  it('says that no worker is there, and goes on with the one that comes', async () => {
    await server.start('slimflow/idle/1', 'idle');
    const { events, ended } = following('slimflow/idle/1');
    await until(() => events.some((event) => event.type === 'waiting' && event.for === 'worker'));
    await server.withWorker('idle', {}, async () => {
      expect(await ended).toMatchObject({ status: 'completed' });
    });
    expect(events).toContainEqual(expect.objectContaining({ type: 'continued', after: 'worker' }));
  });

  it('tells how an attempt failed that is followed by another, and what to do about it', async () => {
    let isFull = true;
    const before = async (activity: string) => {
      if (activity === 'evaluate' && isFull)
        throw ApplicationFailure.create({ message: 'no room', type: 'StoreFull' });
    };
    await server.withWorker('full', { before }, async () => {
      await server.start('slimflow/full/1', 'full');
      const { events, ended } = following('slimflow/full/1');
      await until(() => events.some(({ type }) => type === 'retry'));
      isFull = false;
      expect(await ended).toMatchObject({ status: 'completed' });
      expect(events.find(({ type }) => type === 'retry')).toMatchObject({
        of: 'original',
        activity: 'evaluate',
        attempt: 2,
        message: 'no room',
        fix: failureFixes.StoreFull,
      });
    });
  });

  it('is refused for a run that is not there', async () => {
    await expect(following('slimflow/none/1').ended).rejects.toThrow(WorkflowNotFoundError);
  });
});

/** Whoever resets in Temporal's UI chooses a completed workflow task: the nth of them here. */
async function reset(workflowId: string, nth: number): Promise<void> {
  const handle = server.client().workflow.getHandle(workflowId);
  const { events } = await handle.fetchHistory();
  const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  await server.client().workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId, runId: (await handle.describe()).runId },
    workflowTaskFinishEventId: tasks.at(nth)!.eventId,
    requestId: `${workflowId} ${nth}`,
    reason: 'once more',
  });
}

describe('a run that somebody ends or sets back', () => {
  it.each([
    ['its beginning', 0],
    ['where its candidates were being made', -1],
  ])('goes on after a reset to %s, candidates that were under way included', async (_, nth) => {
    const held = gate();
    const id = `slimflow/reset/${nth}`;
    await server.withWorker('reset', held, async () => {
      await server.start(id, 'reset');
      const { events, ended } = following(id);
      await until(() => events.filter(({ type }) => type === 'epoch').length >= 3);
      await held.reached(3);
      await reset(id, nth);
      await until(() => events.some((event) => event.type === 'run' && event.isReset));
      held.open();
      expect(await ended).toMatchObject({ status: 'completed', result: { outcome: 'selected', failed: [] } });
    });
  });

  it('is over when it is terminated; started again at once, it takes over the candidates under way', async () => {
    const held = gate();
    const id = 'slimflow/terminated/1';
    await server.withWorker('terminated', held, async () => {
      const first = await server.start(id, 'terminated');
      const { ended } = following(id);
      await held.reached(3);
      await first.terminate('by hand');
      await server.start(id, 'terminated');
      expect(await ended).toMatchObject({ type: 'end', status: 'terminated', reason: 'by hand' });
      const again = following(id);
      held.open();
      expect(await again.ended).toMatchObject({ status: 'completed', result: { failed: [] } });
    });
  });
});
