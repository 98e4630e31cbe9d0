import { loadData, loadLook, loadSpec, loadTraining } from '../../../run-spec/load';
import { SpecError } from '../../../run-spec/spec-error';
import { specTemplate } from '../../../run-spec/template';
import { mutateYaml } from '../mutators/text';
import { commonSeeds } from '../seeds';
import type { Room, Target } from '../target';

const short = `model: a.onnx
data:
  train: &data { images: x.npy, labels: y.npy, range: [0, 10] }
  evaluate: { <<: *data, range: [10, 20] }
  test: *data
target: 0.5
inputSize: { image: [1, 3, 8, 8] }
fineTune: { epochs: 1, distillation: { weight: 0.5 }, augment: { flip: true } }
`;

function run({ file }: Room): string {
  const readers = { loadSpec, loadData, loadTraining, loadLook };
  const done: string[] = [];
  let refusal: SpecError | undefined;
  for (const [name, read] of Object.entries(readers))
    try {
      read(file);
      done.push(name);
    } catch (error) {
      if (!(error instanceof SpecError)) throw error;
      refusal ??= error;
    }
  if (!done.length) throw refusal!;
  return done.join(' ');
}

/** A spec in YAML or JSON, as `run`, `compress --data`, `train --data` and `data` read it. */
export const spec: Target = {
  name: 'spec',
  extension: '.yaml',
  seeds: () => [Buffer.from(specTemplate), Buffer.from(short), ...commonSeeds('spec', '.yaml')],
  mutate: mutateYaml,
  run,
  isRefusal: (error) => error instanceof SpecError,
};
