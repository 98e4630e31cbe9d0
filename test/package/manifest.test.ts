import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../support/paths';

const json = <What>(name: string) => JSON.parse(readFileSync(join(root, name), 'utf8')) as What;
const { allowScripts } = json<{ allowScripts: Record<string, boolean> }>('package.json');
const { packages } = json<{ packages: Record<string, { hasInstallScript?: boolean }> }>('package-lock.json');

it('each dependency with an install script is decided on: npm is about to run none that is not', () => {
  const withScript = Object.entries(packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
  expect(withScript).toContain('onnxruntime-node');
  expect(Object.keys(allowScripts).sort()).toEqual([...new Set(withScript)].sort());
});

it("ONNX Runtime's install script, which downloads CUDA, runs only on request", () =>
  expect(Object.keys(allowScripts).filter((name) => !allowScripts[name])).toEqual(['onnxruntime-node']));
