import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import sharp from 'sharp';

import { type Example, examplesOfSources } from '../support/examples';
import { temporaryFolder } from '../support/folder';
import { installPacked } from '../support/installed';
import { codeBlocks } from '../support/markdown';
import { root } from '../support/paths';
import { temporal } from '../support/temporal';
import { tinyJob } from '../support/tiny';

const folder = temporaryFolder();
let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

const [readme] = codeBlocks(readFileSync(join(root, 'README.md'), 'utf8'), 'ts');
const examples: readonly Example[] = [...examplesOfSources(), { name: 'README', code: readme.code }];

/** Declarations that examples take from the reader's own program. */
const readersOwn = `
declare const connection: import('@temporalio/worker').NativeConnection;
declare const client: import('@temporalio/client').Client;
declare const workflowId: string;
`;

/** Examples in the order in which a program would come to them; `id=` says which run the next ones are about. */
const order = `
  registerAttributes SlimflowPlugin parseSpec openStore startGuidebook id=started
  observe progressQuery listRuns findRun pause adjust approve follow Result failureTypeOf
  prepare id=nightly observe finishEarly Result prepare cancel failureTypeOf README collectGarbage
  inspectModel openModel describeProviders Dataset.open writeNpy packImages
  packData inspectData evaluateModel JobPool compressModel trainModel UserMetric jsonSchema steps slimflowService
  aesCodec
`
  .trim()
  .split(/\s+/);

/** Runs compiled examples one after the other, the worker beside the others; prints what each logged. */
const runner = `
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';

const [address, ...order] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR') });
globalThis.connection = await NativeConnection.connect({ address });
globalThis.client = new Client({ connection: await Connection.connect({ address }) });
const said = {};
let working;
for (const [at, name] of order.entries()) {
  const lines = (said[name] = []);
  console.log = (...words) => lines.push(words.join(' '));
  if (name === 'id=started') globalThis.workflowId = said.startGuidebook[0].split(' ')[1];
  else if (name === 'id=nightly') globalThis.workflowId = 'nightly';
  else {
    const done = import('./' + name + '.mjs?' + at);
    if (name === 'SlimflowPlugin') working = done;
    else await done;
  }
}
process.kill(process.pid, 'SIGTERM'); // a worker takes it, and ends its work
await working;
process.stdout.write(JSON.stringify(said));
`;

it('every example compiles against the package, and runs', async () => {
  expect(examples.map(({ name }) => name).sort()).toEqual(
    [...new Set(order)].filter((name) => !name.startsWith('id=')).sort(),
  );
  const project = installPacked(folder, ['@types/node']);
  const job = { ssvdTargets: [0.75], ccpFactors: [1], review: { afterPick: true } };
  writeFileSync(join(folder, 'job.yaml'), readFileSync(tinyJob(folder, job)));
  for (const name of ['cat', 'dog']) {
    mkdirSync(join(folder, 'photos', name), { recursive: true });
    const plain = {
      width: 12,
      height: 10,
      channels: 3,
      background: name === 'cat' ? '#a52' : '#25a',
    } as const;
    await sharp({ create: plain })
      .png()
      .toFile(join(folder, 'photos', name, '1.png'));
  }
  for (const { name, code } of examples) writeFileSync(join(folder, `${name}.mts`), `${code}export {};\n`);
  writeFileSync(join(folder, 'readers-own.d.ts'), readersOwn);
  writeFileSync(join(folder, 'runner.mjs'), runner);
  const compilerOptions = {
    target: 'ES2022',
    module: 'nodenext',
    strict: true,
    skipLibCheck: true,
    types: ['node'],
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
  };
  const files = [...examples.map(({ name }) => `${name}.mts`), 'readers-own.d.ts'];
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const node = (...args: string[]) =>
    promisify(execFile)(process.execPath, args, { cwd: project.folder }).catch(
      (error: { stdout: string; stderr: string }) => error,
    );
  const tsc = await node(join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder);
  expect(tsc.stdout).toBe('');

  const { stdout, stderr } = await node('runner.mjs', server.address, ...order);
  expect(stderr).toBe('');
  const said = JSON.parse(stdout) as Record<string, string[]>;
  expect(said.registerAttributes[0]).toContain('SlimflowModel');
  expect(said.parseSpec).toEqual(['0.5']);
  expect(said.startGuidebook[0]).toMatch(/^started slimflow\/model\/[0-9a-f]{12}$/);
  expect(`started ${said.findRun[0]}`).toBe(said.startGuidebook[0]);
  expect(said.adjust).toEqual([
    'tolerance changed from 100 to 90',
    'ssvd-0.80 added: spatial SVD of the original to 0.8',
  ]);
  expect(said.approve).toEqual(['picks approved: ssvd-0.75']);
  expect(said.follow.at(-1)).toMatch(/^completed /);
  expect(said.finishEarly).toEqual(['finished early, with the candidates that are done']);
  expect(said.Result[0]).toContain('ssvd-0.75');
  expect(said.README.length).toBeGreaterThan(0);
  expect(said.packImages).toEqual(['cat,dog 2,3,8,8']);
  expect(said.compressModel.at(-1)).toContain('c2: rank');
  expect(said.trainModel[0]).toMatch(/^10 /);
});
