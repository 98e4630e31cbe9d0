import type { TestWorkflowEnvironment } from '@temporalio/testing';

import { pauseSignal, progressQuery, resumeSignal } from '../../workflow';
import { temporal } from '../support/temporal';
import { eventsOf, holding, inWorld, replayed } from '../support/world';

let server: TestWorkflowEnvironment;

beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

const by = 'ada';

describe('a pause', () => {
  it('is heard by a run and its candidates, until it is resumed', async () => {
    const { world, release } = holding('compress', 1_000_000);
    await inWorld(server, { world }, async (run, calls) => {
      const ids = ['ssvd-0.50', 'ssvd-0.65', 'ssvd-0.75'];
      const compressing = () => calls.filter(([name]) => name === 'compress').length;
      while (compressing() < 3) await new Promise((resolve) => setTimeout(resolve, 50));
      await run.signal(pauseSignal, { by, reason: 'the GPU is needed' });
      const children = ids.map((id) => server.client.workflow.getHandle(`${run.workflowId}/${id}`));
      const untilEach = async (isReached: (types: string[]) => boolean) => {
        for (const child of children)
          while (!isReached(await eventsOf(child))) await new Promise((resolve) => setTimeout(resolve, 50));
      };
      await untilEach((types) => types.includes('workflowExecutionSignaledEventAttributes'));
      release();
      // Each child has seen what its compression came to, and began nothing upon it.
      await untilEach(
        (types) =>
          types.lastIndexOf('workflowTaskCompletedEventAttributes') >
            types.indexOf('activityTaskCompletedEventAttributes') &&
          types.includes('activityTaskCompletedEventAttributes'),
      );
      const evaluated = () => calls.filter(([name]) => name === 'evaluate').length;
      expect(evaluated()).toBe(1);
      const { paused } = await run.query(progressQuery);
      expect(paused).toMatchObject({ by, reason: 'the GPU is needed' });

      await run.signal(resumeSignal, { by: 'grace' });
      const result = await run.result();
      expect(result.outcome).toBe('selected');
      expect(result.decisions).toMatchObject([
        { what: 'paused', by, note: 'the GPU is needed' },
        { what: 'resumed', by: 'grace' },
      ]);
      for (const one of [run, ...children]) await replayed(one);
    });
  });
});
