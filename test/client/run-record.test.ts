import { Client, WorkflowNotFoundError } from '@temporalio/client';

import { runRecord } from '../../client/run-record';
import { runSources } from '../../client/run-sources';
import { read, version } from '../support/histories/files';
import { result } from '../support/results';

/** A client of a server that has the recorded histories, each under the id of its workflow. */
function recordedClient(): Client {
  const client = new Client({ connection: { plugins: [], workflowService: {} } as never });
  const histories = new Map(
    read(version).map(({ workflowId, history }) => [
      workflowId.replace('.', '/').replaceAll('_', '/'),
      history,
    ]),
  );
  const getHandle = (workflowId: string) => ({
    fetchHistory: () => {
      const history = histories.get(workflowId);
      if (!history) throw new WorkflowNotFoundError('not found', workflowId, undefined);
      return Promise.resolve(history);
    },
  });
  return { options: client.options, workflow: { getHandle } } as unknown as Client;
}

describe('the record of a run', () => {
  it('has its input, and the times, attempts and workers of its work, in order', async () => {
    const { input, pieces, startedAt, endedAt } = await runRecord(recordedClient(), 'plain', '');
    expect(input).toMatchObject({ name: 'fake', settings: { target: 0.5 } });
    const times = pieces.map((piece) => piece.startedAt);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    expect(pieces.every((piece) => startedAt <= piece.startedAt && piece.endedAt <= endedAt)).toBe(true);
    expect(pieces).toContainEqual(
      expect.objectContaining({ of: 'original', activity: 'evaluate', worker: 'recorder', outcome: 'done' }),
    );
  });

  it("has its candidates' work, how they were trained, and where the scores are", async () => {
    const { pieces, trainings, scores } = await runRecord(recordedClient(), 'plain', '');
    const ofOne = pieces.filter(({ of }) => of === 'ssvd-0.65').map(({ activity }) => activity);
    expect(ofOne).toEqual(expect.arrayContaining(['compress', 'evaluate', 'fineTune']));
    expect(trainings.find(({ candidate }) => candidate === 'ssvd-0.65')).toMatchObject({
      settings: { epochs: expect.any(Number) as number },
      outcome: { losses: expect.any(Array) as number[] },
    });
    expect(scores).toContainEqual(
      expect.objectContaining({
        of: 'original',
        technique: 'spatial-svd',
        artifact: expect.any(Object) as object,
      }),
    );
  });

  it('is left out, with the reason, if the server no longer has it', async () => {
    const store = {
      path: () => Promise.reject(new Error('gone')),
      json: () => Promise.reject(new Error('gone')),
    };
    const sources = await runSources(recordedClient(), { ...result, workflowId: 'forgotten' }, store);
    expect(sources.record).toBeUndefined();
    expect(sources.missing).toEqual(['the history of the run: not found']);
  });

  it('leaves out what the store no longer has', async () => {
    const store = {
      path: () => Promise.reject(new Error('gone')),
      json: () => Promise.reject(new Error('gone')),
    };
    const sources = await runSources(recordedClient(), { ...result, workflowId: 'plain' }, store);
    expect(sources.record).toBeDefined();
    expect([sources.scores, sources.before]).toEqual([[], undefined]);
    expect(sources.missing).toContain('the layers of the original: gone');
  });
});
