import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { compress } from '../../../engine/jobs/compress';
import type * as Compressors from '../../../engine/jobs/compressors';
import { quiet } from '../../../engine/jobs/job-context';
import { loadModel } from '../../../engine/onnx/model';
import { machinery, methodOf, optimal } from '../../support/method';
import { tinyJob } from '../../support/tiny';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-together-'));
afterAll(() => rmSync(folder, { recursive: true }));

// A model in which pruning c2's inputs keeps those of c3 from being followed: the engine as it is, but that it hides them.
jest.mock('../../../engine/jobs/compressors', () => {
  const own = jest.requireActual<typeof Compressors>('../../../engine/jobs/compressors');
  const compressorOf: (typeof Compressors)['compressorOf'] = async (graph, means) => {
    const found = await own.compressorOf(graph, means);
    if (graph.constantDims('c2.weight')?.[1] === 8) return found;
    return { ...found, parts: found.parts.filter(({ name }) => name !== 'c3') };
  };
  return { compressorOf };
});

it('parts that are lost behind another are compressed together with it', async () => {
  tinyJob(folder);
  const out = join(folder, 'small.onnx');
  const { notes } = await compress(
    {
      model: join(folder, 'model.onnx'),
      method: methodOf('channel-pruning'),
      selection: { ...optimal, mode: 'manual', ratios: { c2: 0.5, c3: 0.5 } },
      scores: [],
      train: { images: join(folder, 'images.npy'), labels: join(folder, 'labels.npy'), range: [0, 40] },
      reconstruction: { samples: 20, patches: 10, seed: 0 },
      machinery,
      fineTuneEach: {
        settings: {
          epochs: 1,
          learningRate: 0.01,
          batch: 20,
          optimizer: 'sgd',
          momentum: 0.9,
          weightDecay: 0,
          schedule: 'one-cycle',
          seed: 0,
        },
        checkpoints: join(folder, 'checkpoints'),
        checkpointSeconds: 3600,
      },
      out,
    },
    quiet,
  );
  expect(notes[0]).toBe('c3: compressed together with c2, after which it could not be found again');
  expect(notes.at(-1)).toMatch(/^2 layers .* 2 steps/); // one epoch behind both
  const small = loadModel(out);
  expect(['c1', 'c2', 'c3'].map((name) => small.constantDims(`${name}.weight`)![0])).toEqual([4, 6, 12]);
});
