import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { tolerant } from '../../client/tolerant';
import { expectStatus, slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { fakeInput } from '../support/fake-activities';
import { temporal } from '../support/temporal';
import { tinyJob } from '../support/tiny';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

const keys = `2026=${Buffer.alloc(32, 5).toString('base64')}`;

/** Names that Temporal has to read itself: ids, types, queues, search attributes. */
const isName = (key: string) =>
  /^(searchAttributes|.*[iI]d|.*[tT]ype|taskQueue|identity|indexedFields)$/.test(key);

/** All texts and bytes in a message but names. */
function textsIn(message: unknown): string[] {
  if (typeof message === 'string') return [message];
  if (ArrayBuffer.isView(message)) return [Buffer.from(message as Uint8Array).toString('latin1')];
  if (typeof message !== 'object' || message === null) return [];
  return Object.entries(message).flatMap(([key, value]) => (isName(key) ? [] : textsIn(value)));
}

/** Everything that Temporal has of the runs that are over, and of their children. */
async function rawHistories(): Promise<string> {
  const texts: string[] = [];
  for await (const { workflowId, runId } of tolerant(server.client).list({
    query: "ExecutionStatus = 'Completed'",
  })) {
    const { events } = await server.client.workflow.getHandle(workflowId, runId).fetchHistory();
    texts.push(...textsIn(events));
  }
  return texts.join('\n');
}

it('an encrypted run shows nothing in its history, and hides nothing of the runs beside it', () =>
  inFolder(async (folder) => {
    const plain = { TEMPORAL_ADDRESS: server.address };
    const secret = { ...plain, SLIMFLOW_CODEC: 'aes-gcm', SLIMFLOW_CODEC_KEYS: keys };
    const say = (args: string[], environment: NodeJS.ProcessEnv) =>
      slimflow(folder, args, undefined, environment);
    const job = tinyJob(folder, { techniques: ['spatial-svd'], ssvdTargets: [0.5], outDir: 'confidential' });
    const ran = await say(['run', job], secret);
    expectStatus(ran, 0);
    const [, id] = /^Run (\S+)$/m.exec(ran.out)!;

    const raw = await rawHistories();
    expect(raw.includes('binary/encrypted')).toBe(true);
    for (const word of ['spatial-svd', 'tolerance', 'sha256', 'metric', 'images', 'of its MACs', folder])
      expect([word, raw.includes(word)]).toEqual([word, false]);

    await server.client.workflow.start('guidebook', {
      workflowId: 'slimflow/plain/abc',
      taskQueue: 'nobody',
      args: [fakeInput()],
      memo: { stage: 'SVD' },
    });
    const listed = await say(['list'], plain);
    expectStatus(listed, 0);
    expect(listed.out).toMatch(new RegExp(`${id} +│ completed │ encrypted`));
    expect(listed.out).toMatch(/slimflow\/plain\/abc +│ running +│ SVD/);
    expectStatus(await say(['status', 'plain'], plain), 0);
    const collected = await say(['gc', '--json'], plain);
    expectStatus(collected, 0);
    expect((JSON.parse(collected.out) as { unread: object[] }).unread.length).toBeGreaterThan(0);

    const asked = await say(['result', id], plain);
    expect([asked.status, asked.err]).toEqual([
      1,
      expect.stringMatching(/is encrypted; name its codec by --codec/),
    ]);
    const module = join(folder, 'codec.mjs');
    const own = `const { aesCodec } = await import(${JSON.stringify(require.resolve('../../index'))});\nexport default aesCodec('${keys}');\n`;
    writeFileSync(module, own);
    const shown = await say(['status', id, '--codec', './codec.mjs'], plain);
    expectStatus(shown, 0);
    expect(shown.out).toContain('ssvd-0.50');
    expect((await say(['list', '--codec', 'missing.mjs'], plain)).err).toMatch(
      /^--codec: codec \S+missing\.mjs can't be loaded/,
    );
  }));
