import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';

import { failureTypeOf } from '../../contract/failure-reason';
import { withFakeWorker } from '../support/fake-server';
import { fakeInput, latch, type World } from '../support/fake-activities';
import { HostileJson } from '../support/hostile-json';
import { candidateInput, scoringInput } from '../support/scoring';
import { temporal } from '../support/temporal';
import { until } from '../support/until';

let server: TestWorkflowEnvironment;
let wrong = 0;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

const updates = [
  'approvePicks',
  'approveSelection',
  'changeTargets',
  'addCandidate',
  'skipCandidate',
  'finishEarly',
];
const workflows: [
  name: string,
  input: unknown,
  messages: Record<'signals' | 'updates' | 'queries', string[]>,
][] = [
  [
    'guidebook',
    fakeInput({ techniques: ['spatial-svd'] }),
    { signals: ['pause', 'resume', 'scored'], updates, queries: ['progress'] },
  ],
  ['candidate', candidateInput(), { signals: ['pause', 'resume', 'scored'], updates: [], queries: [] }],
  [
    'scoreModel',
    scoringInput(3),
    { signals: ['pause', 'resume', 'scored'], updates: [], queries: ['progress'] },
  ],
];

/** Values that nobody should send, and 100 random JSON values. */
function hostile(): unknown[] {
  const json = new HostileJson(13);
  const wrong = [null, undefined, {}, [], 5, 'x', true, { by: null }, { by: {} }, { by: 'ada', reason: 7 }];
  return [...wrong, ...Array.from({ length: 100 }, () => json.value())];
}

/** A run takes ten updates at a time. */
const byTens = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / 10) }, (_, at) => all.slice(10 * at, 10 * at + 10));

/** Sends a signal whose payload no converter can read. */
const undecodable = (workflowId: string, signalName: string, encoding: string) =>
  server.client.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId },
    signalName,
    input: { payloads: [{ metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from('{"by') }] },
  });

/** Tasks that failed in the worker: the server itself ends one to take many signals in. */
const taskFailures = async (handle: WorkflowHandle) => {
  const { events } = await handle.fetchHistory();
  return (events ?? [])
    .flatMap(({ workflowTaskFailedEventAttributes: failed }) => failed ?? [])
    .filter(({ identity }) => identity !== 'history-service');
};

it.each(workflows)('no signal, update or query keeps %s from its end', async (name, input, messages) => {
  const [taskQueue, workflowId] = [`hostile-${name}`, `hostile-${name}`];
  const { released, release } = latch();
  let begun = 0;
  const before: World['before'] = async () => {
    begun++;
    await released;
  };
  await withFakeWorker(server, taskQueue, { world: { before } }, async () => {
    const handle = await server.client.workflow.start(name, { taskQueue, workflowId, args: [input] });
    await until(() => begun > 0);
    for (const signal of messages.signals) {
      for (const values of byTens(hostile()))
        await Promise.all(values.map((value) => handle.signal(signal, value)));
      await undecodable(workflowId, signal, 'json/plain');
      await undecodable(workflowId, signal, 'binary/unheard-of');
    }
    for (const query of messages.queries)
      for (const answer of await Promise.all(hostile().map((value) => handle.query(query, value))))
        expect(answer).toMatchObject({});
    for (const update of messages.updates)
      for (const values of byTens(hostile())) {
        const asked = values.map((value) => handle.executeUpdate(update, { args: [value] }));
        for (const { status } of await Promise.allSettled(asked)) expect(status).toBe('rejected');
      }
    await handle.signal('resume', { by: 'ada' });
    release();
    await handle.result();
    expect(await taskFailures(handle)).toEqual([]);
  });
});

it.each<[string, unknown, string]>([
  ['guidebook', undefined, "guidebook's input must be one object"],
  ['guidebook', null, "guidebook's input must be one object"],
  ['guidebook', {}, 'guidebook: name must be text'],
  [
    'guidebook',
    { ...fakeInput(), settings: { ...fakeInput().settings, candidates: null } },
    'guidebook: settings.candidates must be a list',
  ],
  ['candidate', {}, 'candidate: plan must be one object'],
  ['scoreModel', [1], "scoreModel's input must be one object"],
  ['scoreModel', { ...scoringInput(3), total: 2 }, 'scoreModel: total must be the number of parts'],
  ['scoreModel', { ...scoringInput(3), total: 10 }, 'scoreModel: total must be the number of parts'],
])('wrong input fails %s at once, with the name of the field', async (name, input, message) => {
  const taskQueue = 'wrong-input';
  const parts = ['c1', 'c2', 'c3'].map((part) => ({ name: part, technique: 'spatial-svd' as const }));
  await withFakeWorker(server, taskQueue, { world: { parts } }, async () => {
    const workflowId = `wrong ${name} ${++wrong}`;
    const run = server.client.workflow.execute(name, { taskQueue, workflowId, args: [input] });
    const failure: unknown = await run.then(
      () => 'no failure',
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(WorkflowFailedError);
    expect(failureTypeOf(failure)).toBe('InvalidRequest');
    expect((failure as WorkflowFailedError).cause?.message).toContain(message);
  });
});
