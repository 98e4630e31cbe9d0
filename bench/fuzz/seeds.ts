import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { root } from '../docs';

/** Largest file that is taken as a seed: larger ones make the fuzzer slow and show nothing else. */
const largest = 150_000;

/** Finds that became test inputs: `npm run fuzz -- --keep FIND` writes them. */
export const keptFolder = join(root, 'test', 'bench', 'fuzz', 'inputs');

/** Lists the files below a folder that are small enough, by their endings; none if there is no such folder. */
export function filesIn(folder: string, ...endings: string[]): Uint8Array[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => endings.some((ending) => path.endsWith(ending)) && statSync(path).size <= largest)
    .map((path) => readFileSync(path));
}

/** Cases that a checkout may have beside it: models of public reports, and attacks. */
export const casesFolder = join(root, '..', 'shared', 'cases');
const golden = (...path: string[]) => join(root, 'test', 'golden', ...path);

/** The kept inputs of a target, and the cases with one of its endings. */
export const commonSeeds = (target: string, ...endings: string[]): Uint8Array[] => [
  ...(existsSync(join(keptFolder, target))
    ? readdirSync(join(keptFolder, target)).map((name) => readFileSync(join(keptFolder, target, name)))
    : []),
  ...filesIn(casesFolder, ...endings),
];

const models = (list: readonly { readonly model: string }[]): Uint8Array[] =>
  list.map(({ model }) => Buffer.from(model, 'base64')).filter(({ length }) => length <= largest);

/** Models: of the goldens, one operator each and small exports; of the zoo; and of the cases. */
export function modelSeeds(target: string): Uint8Array[] {
  const json = (text: string) => JSON.parse(text) as { model: string }[];
  const raised = JSON.parse(readFileSync(golden('onnx', 'raised.json'), 'utf8')) as {
    readonly cases: readonly { readonly model: string }[];
  };
  return [
    ...models(json(readFileSync(golden('onnx', 'operators.json'), 'utf8'))),
    ...models(raised.cases),
    ...models(json(gunzipSync(readFileSync(golden('onnx', 'exports.json.gz'))).toString())),
    ...filesIn(join(root, 'test', 'zoo', 'models'), '.onnx'),
    ...commonSeeds(target, '.onnx'),
  ];
}
