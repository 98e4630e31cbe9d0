import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { analyze } from '../../../engine/jobs/analyze';
import { compress } from '../../../engine/jobs/compress';
import { quiet } from '../../../engine/jobs/job-context';
import { scoreLayer } from '../../../engine/jobs/score-layer';
import type { Compression } from '../../../engine/jobs/types';
import { loadModel, modelFiles, saveModel } from '../../../engine/onnx/model';
import * as temporary from '../../../engine/runtime/temporary-model';
import { Session } from '../../../engine/runtime/session';
import { limits } from '../../../engine/tensor/limits';
import { floats } from '../../../engine/tensor/tensor';
import { distance, modelOf, randoms, runOnce } from '../../support/graphs';
import { machinery, methodOf, optimal } from '../../support/method';
import { tinyNetwork } from '../../support/tiny';

/*
 * What models of several GB go through (test/large has one), at the size of a tiny one: weights read again, decomposed
 * by projection, tried one by one, and handed to ONNX Runtime by files and links.
 */

const folder = mkdtempSync(join(tmpdir(), 'slimflow-'));
const path = join(folder, 'model.onnx');
const low = { reread: 1, message: 0, tensor: 1000, decomposed: 40, held: 1 };

beforeAll(() => saveModel(tinyNetwork(), path, { externalData: true }));
afterEach(() => jest.restoreAllMocks());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lowers the limits. @returns what tells which of the models then written for ONNX Runtime are there yet */
function lowered(): () => boolean[] {
  for (const name of Object.keys(low) as (keyof typeof low)[]) jest.replaceProperty(limits, name, low[name]);
  const written = jest.spyOn(temporary, 'temporaryModel');
  return () => written.mock.results.map(({ value }) => existsSync(dirname((value as { path: string }).path)));
}

describe.each(['spatial-svd', 'weight-svd', 'channel-pruning'] as const)('%s', (technique) => {
  const method = methodOf(technique, { score: 'fidelity', coupled: true });
  const random = { random: { samples: 8, seed: 0 } };
  const common = { method, train: random, reconstruction: { samples: 8, patches: 20, seed: 0 }, machinery };
  async function compressed(out: string): Promise<Compression> {
    const { parts } = await analyze({ ...method, model: path });
    const scores = [];
    const factors: Record<string, string> = {};
    for (const { name: layer } of parts.filter((part) => part.technique === technique)) {
      factors[layer] = join(folder, `${technique}-${layer}-${out}.safetensors`);
      scores.push(
        await scoreLayer(
          {
            ...common,
            model: path,
            layer,
            candidates: [0.25, 0.5, 0.75],
            evaluate: random,
            metric: 'top1',
            factors: factors[layer],
          },
          quiet,
        ),
      );
    }
    const asked = { model: path, selection: optimal, target: 0.6, scores, factors, out: join(folder, out) };
    return compress({ ...common, ...asked }, quiet);
  }

  it('of a large model gives what it gives of any, and leaves nothing behind', async () => {
    const usual = await compressed('usual.onnx');
    const written = lowered();
    const large = await compressed('large.onnx');
    expect(written()).toContain(false);
    expect(written()).not.toContain(true);
    const { achieved, macs, params, plan } = usual;
    expect(large).toMatchObject({ achieved, macs, params, plan });
    expect(modelFiles(join(folder, 'large.onnx'))).toHaveLength(2);
    jest.restoreAllMocks();
    const x = randoms([3, 1, 8, 8], 20);
    const [own, other] = await Promise.all(
      ['usual', 'large'].map(async (name) => runOnce(loadModel(join(folder, `${name}.onnx`)), x)),
    );
    expect(distance(other, own)).toBeLessThan(1e-3);
  });
});

it('leaves nothing behind of a model that ONNX Runtime refuses', async () => {
  const written = lowered();
  const odd = modelOf(['x', [1]], [{ op: 'NoSuchOperator', inputs: ['x', 'w'], outputs: ['y'] }], ['y'], {
    w: floats([2000]),
  });
  await expect(Session.open(odd, { threads: 1 })).rejects.toMatchObject({ code: 'UnsupportedModel' });
  expect(written()).toEqual([false]);
});
