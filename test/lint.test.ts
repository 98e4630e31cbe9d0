import { execFileSync } from 'node:child_process';

import { root } from './support/paths';

/** Lints code as if it were in a file, in a separate process: the configuration is an ES module. */
const complaints = (file: string, code: string): string[] => {
  const script = `
    const { ESLint } = require('eslint');
    const eslint = new ESLint({
      overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
      ruleFilter: ({ ruleId }) => /no-restricted/.test(ruleId),
    });
    eslint
      .lintText(process.argv[2], { filePath: process.argv[1] })
      .then(([{ messages }]) => console.log(JSON.stringify(messages.map(({ message }) => message))));`;
  const out = execFileSync(process.execPath, ['-e', script, file, code], { cwd: root, encoding: 'utf8' });
  return JSON.parse(out) as string[];
};

it('workflow code may not import, nor reach, what is not deterministic', () => {
  const code = `
    import { readFileSync } from 'node:fs';
    import { FileStore } from '../store/store';
    import type { ArtifactRef } from '../store/artifact';
    import { condition } from '@temporalio/workflow';
    export const bad = [process.env.HOME, Math.exp(1), 'a'.localeCompare('b'), (1).toLocaleString()];
    export const won = Promise.race([condition(() => true)]);
    export const good: [number, ArtifactRef?] = [Date.now() + Math.random() + Math.round(1.5)];`;
  const found = complaints('workflows/run-state.ts', code);
  expect(found).toHaveLength(7);
  for (const subject of [/node:fs/, /store\/store/, /process/, /Math\.exp/, /locale/, /condition or a/])
    expect(found).toContainEqual(expect.stringMatching(subject));
  expect(complaints('activities/perform.ts', 'export const home = process.env.HOME;')).toEqual([]);
});

it('literals are written plainly, in workflow code too', () => {
  const code = `
    const [a, b, given] = [1, 2, { c: 3 }];
    export const bad = [{ ...{ a, b } }, [...[a, b]], Math.max(...[a, b])];
    export const good = [{ ...given, ...(a && { b }) }, [...[a, b].reverse()]];`;
  for (const file of ['activities/perform.ts', 'workflows/run-state.ts', 'test/lint.test.ts'])
    expect(complaints(file, code)).toEqual([
      'write its properties here',
      'write its elements here',
      'write its elements here',
    ]);
});
