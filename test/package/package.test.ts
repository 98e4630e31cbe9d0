import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Dataset } from '../../engine/data/dataset';
import { packData } from '../../engine/data/sources/pack-data';
import { loadSpec } from '../../run-spec/load';
import { temporaryFolder } from '../support/folder';
import { installPacked, type Project } from '../support/installed';
import { deadLinks } from '../support/markdown';
import { root } from '../support/paths';

const folder = temporaryFolder();
let project: Project;
beforeAll(() => {
  // quickstart would fetch the digits.
  project = installPacked(folder, ['mnist']);
});

const node = (...args: string[]) =>
  execFileSync(process.execPath, args, { cwd: project.folder, encoding: 'utf8' });
const filesIn = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(path.length + 1));

describe('the packed package', () => {
  it('has what it runs from, and none of what it is tested with', () => {
    const files = filesIn(project.slimflow);
    expect(files).toEqual(
      expect.arrayContaining([
        'README.md',
        'LICENSE',
        'CHANGELOG.md',
        'THIRD-PARTY.md',
        'docs/architecture.md',
        'engine/linalg/wasm/linalg.wasm',
        'engine/linalg/wasm/LICENSES.txt',
        'dist/workflow-bundle.js',
        'dist/workflow-bundle.json',
        'dist/workflow-bundle.LICENSE.txt',
        'examples/digits/slimflow.yaml',
        'scripts/drop-other-platforms.mjs',
      ]),
    );
    const folders = new Set(files.map((name) => dirname(name)));
    for (const unwanted of ['test', 'bench', 'dist/test', 'dist/bench', 'examples/digits/data'])
      expect([unwanted, folders.has(unwanted)]).toEqual([unwanted, false]);
    expect(files.filter((name) => name.startsWith('scripts/'))).toHaveLength(1);
  });

  it('has the sources that its maps name', () => {
    const maps = filesIn(project.slimflow).filter((name) => name.endsWith('.map'));
    expect(maps.filter((name) => name.endsWith('.d.ts.map')).length).toBeGreaterThan(100);
    const lost = maps.filter((name) => {
      const { sources } = JSON.parse(readFileSync(join(project.slimflow, name), 'utf8')) as {
        sources: string[];
      };
      return !sources.every((source) => existsSync(join(project.slimflow, dirname(name), source)));
    });
    expect(lost).toEqual([]);
  });

  it('passes publint and attw', () => {
    const check = join(root, 'scripts', 'check-package.mjs');
    expect(node(check, project.tarball, project.slimflow)).toBe('');
  });

  it('has no dead link', () => {
    const pages = filesIn(project.slimflow).filter((name) => name.endsWith('.md'));
    expect(pages.length).toBeGreaterThan(20);
    expect(pages.flatMap((page) => deadLinks(project.slimflow, page).map((to) => `${page}: ${to}`))).toEqual(
      [],
    );
  });

  it('starts a worker from the workflow bundle that it brings', () => {
    const code = "require('./node_modules/slimflow/dist/workers/workflow-bundle.js').workflowCode()";
    expect(node('-p', `JSON.stringify(${code})`)).toContain('"workflowBundle"');
  });
});

describe('an empty project with the package', () => {
  const modules = ['slimflow', 'slimflow/workflow', 'slimflow/engine'];
  const namesOf = (text: string) => JSON.parse(text) as string[][];

  it('imports it as CommonJS and as ES modules, with the same names', () => {
    const required = node(
      '-p',
      `JSON.stringify(${JSON.stringify(modules)}.map((name) => Object.keys(require(name)).sort()))`,
    );
    const imports = modules.map((name, at) => `import * as m${at} from '${name}';`).join('');
    const imported = node(
      '--input-type=module',
      '-e',
      `${imports} console.log(JSON.stringify([m0, m1, m2].map((m) =>
        Object.keys(m).filter((name) => !['default', 'module.exports', '__esModule'].includes(name)).sort())))`,
    );
    expect(namesOf(imported)).toEqual(namesOf(required));
    const [main, workflow, engine] = namesOf(required);
    expect(main).toEqual(expect.arrayContaining(['SlimflowPlugin', 'startGuidebook', 'openStore']));
    expect(workflow).toContain('guidebook');
    expect(engine).toContain('compressModel');
  });

  it("reads the package's version", () =>
    expect(node('-p', "require('slimflow/package.json').version")).toMatch(/^\d+\.\d+\.\d+/));

  it('names what to install for a store on S3', () => {
    const open = "require('slimflow').openStore('s3://models/slimflow')";
    const message = node('-p', `try { ${open} } catch (error) { error.message }`);
    expect(message.trim()).toBe(
      'store s3://models/slimflow: S3 needs packages that are not installed: ' +
        'npm install @aws-sdk/client-s3 @aws-sdk/lib-storage',
    );
  });

  it('runs slimflow --help, doctor, and quickstart as far as its data', async () => {
    const npx = (...args: string[]) =>
      execFileSync('npx', ['--no', '--', 'slimflow', ...args], { cwd: project.folder, encoding: 'utf8' });
    expect(npx('--help')).toContain('Usage: slimflow');
    expect(npx('quickstart', '--help')).toContain('--prepare-only');
    expect(npx('doctor')).toMatch(/^ok +Node/m);
    expect(npx('quickstart', '--prepare-only')).toContain('slimflow run examples/digits/slimflow.yaml');
    const { data, outDir } = loadSpec(join(project.folder, 'examples', 'digits', 'slimflow.yaml'));
    const { test } = await packData({ test: data.test });
    expect(Dataset.open(test)).toMatchObject({ length: 2000, shape: [1, 28, 28] });
    expect(outDir).toBe(join(project.folder, 'out', 'digits'));
  });
});
