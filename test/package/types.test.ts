import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { temporaryFolder } from '../support/folder';
import { installPacked, type Project } from '../support/installed';
import { codeBlocks } from '../support/markdown';
import { root } from '../support/paths';

const folder = temporaryFolder();
let project: Project;
beforeAll(() => {
  project = installPacked(folder, ['@types/node']);
});

/** Compiles files in a folder of the project, strictly; what tsc says of them. */
function check(name: string, options: Record<string, string>, files: Record<string, string>): string {
  const at = join(project.folder, name);
  mkdirSync(at);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(at, file), text);
  const compilerOptions = {
    target: 'ES2022',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    ...options,
  };
  writeFileSync(join(at, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }));
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    return execFileSync(process.execPath, [tsc, '-p', at], { encoding: 'utf8' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

const program = `
import { SlimflowPlugin, startGuidebook, type Store } from 'slimflow';
import { compressModel, type CompressReport } from 'slimflow/engine';
import { guidebook } from 'slimflow/workflow';
export const plugin: SlimflowPlugin = new SlimflowPlugin({ store: 'store' });
export const report: Promise<CompressReport> = compressModel({
  ...{ model: 'a.onnx', out: 'b.onnx', technique: 'spatial-svd', target: 0.5 },
});
export const used: [typeof guidebook, typeof startGuidebook, Store?] = [guidebook, startGuidebook];
// @ts-expect-error: a store is needed
new SlimflowPlugin({});
`;

it.each([
  ['node16', { module: 'node16', moduleResolution: 'node16' }, ['program.cts', 'program.mts']],
  ['nodenext', { module: 'nodenext', moduleResolution: 'nodenext' }, ['program.cts', 'program.mts']],
  ['bundler', { module: 'preserve', moduleResolution: 'bundler' }, ['program.ts']],
])('types are found by moduleResolution %s', (name, options, files) => {
  expect(check(name, options, Object.fromEntries(files.map((file) => [file, program])))).toBe('');
});

/** Declarations that the docs' fragments take from the reader's own program. */
const readersOwn = `
declare const connection: import('@temporalio/worker').NativeConnection;
declare const client: import('@temporalio/client').Client;
declare const handle: import('slimflow').GuidebookHandle;
declare const SlimflowPlugin: typeof import('slimflow').SlimflowPlugin;
declare const patched: typeof import('@temporalio/workflow').patched;
declare const workflowId: string;
declare const store: string;
declare const signal: AbortSignal;
declare const compress: (model: string) => Promise<string>;
declare const fineTune: (model: string) => Promise<string>;
declare const evaluate: (model: string) => Promise<number>;
`;

it('every piece of TypeScript in README and docs compiles', () => {
  const docs = readdirSync(join(project.slimflow, 'docs')).filter((name) => name.endsWith('.md'));
  const pieces = ['README.md', ...docs.map((name) => join('docs', name))].flatMap((page) =>
    codeBlocks(readFileSync(join(project.slimflow, page), 'utf8'), 'ts').map(({ line, code }) => [
      `${page.replace('/', '-')}-line-${line}.mts`,
      `${code}\nexport {};\n`,
    ]),
  );
  expect(pieces.length).toBeGreaterThan(5);
  const files = { 'readers-own.d.ts': readersOwn, ...Object.fromEntries(pieces) } as Record<string, string>;
  expect(check('pages', { module: 'nodenext', moduleResolution: 'nodenext' }, files)).toBe('');
});
