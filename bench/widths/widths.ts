/**
 * Compares the latency of models whose ranks and channels are any, and in whole blocks (multiplicity `auto`):
 *
 *     npm run bench:widths -- [--models resnet18-torchscript,…] [--technique spatial-svd,…] [--target 0.5]
 *                             [--samples N] [--folder .slimflow/zoo] [--threads 1] [--runs 40]
 *
 * Compresses the digits' ResNet-20 and the models of the zoo's folder (`npm run zoo` exports them) twice with the same
 * scores, then times the original and both in turn in one run. Weights and inputs of the zoo are random, which does not
 * matter to how long they take. Compressed models stay in the folder, so that an interrupted run continues; all are timed
 * every time. Writes the table of docs/widths.md.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { compressModel } from '../../engine/api/compress-model';
import type { LayerScores } from '../../engine/jobs/types';
import { type Multiplicity, type Technique, techniques, techniqueTraits } from '../../engine/names';
import { openModel } from '../../engine/onnx/open-model';
import { candidateRatios } from '../../engine/ratios/candidate-ratios';
import { timeGraphs } from '../../engine/runtime/timing';
import { root, writeResults } from '../docs';

const { values: options } = parseArgs({
  options: {
    models: {
      type: 'string',
      default:
        'digits,resnet18-torchscript,vgg16_bn-torchscript,resnet50-torchscript,mobilenet_v2-torchscript',
    },
    technique: { type: 'string', default: techniques.join(',') },
    target: { type: 'string', default: '0.5' },
    samples: { type: 'string', default: '2' },
    candidates: { type: 'string', default: '6' },
    folder: { type: 'string', default: join('.slimflow', 'zoo') },
    threads: { type: 'string', default: '1' },
    runs: { type: 'string', default: '40' },
  },
});
const target = Number(options.target);
const multiplicities: readonly Multiplicity[] = [1, 'auto'];

/** A compressed model, the share of the MACs that is left, and the multiple that was chosen. */
interface Made {
  readonly file: string;
  readonly macs: number;
  readonly multiplicity: number;
}

const isDigits = (model: string) => model === 'digits';
const fileOf = (model: string) =>
  isDigits(model)
    ? join(root, 'examples', 'digits', 'resnet20-digits.onnx')
    : join(options.folder, `${model}.onnx`);
const inputSizeOf = (model: string) => (isDigits(model) ? undefined : [1, 3, 224, 224]);

/** Compresses to any units and to whole blocks, in the order of `multiplicities`. */
async function compressed(model: string, technique: Technique): Promise<readonly Made[]> {
  const name = join(options.folder, 'widths', `${model}.${technique}.${target}`);
  if (existsSync(`${name}.json`)) return JSON.parse(readFileSync(`${name}.json`, 'utf8')) as Made[];
  let scores: readonly LayerScores[] | undefined;
  const made: Made[] = [];
  for (const multiplicity of multiplicities) {
    const file = `${name}.${multiplicity}.onnx`;
    const report = await compressModel(
      {
        model: fileOf(model),
        out: file,
        technique,
        target,
        method: { multiplicity, inputSize: inputSizeOf(model) },
        candidates: candidateRatios(Number(options.candidates)),
        samples: Number(options.samples),
        reconstruction: { samples: 8 },
        scores,
      },
      { onScores: (found) => void (scores = found) },
    );
    made.push({ file, macs: report.macs / report.macsOriginal, multiplicity: report.multiplicity });
  }
  writeFileSync(`${name}.json`, JSON.stringify(made));
  return made;
}

/** Makes a row of the table: times the original and both compressed models in turn. */
async function rowOf(model: string, technique: Technique): Promise<string> {
  const made = await compressed(model, technique);
  const graphs = [fileOf(model), ...made.map(({ file }) => file)].map((file) => openModel(file));
  const [original, ...others] = await timeGraphs(graphs, {
    threads: Number(options.threads),
    runs: Number(options.runs),
    provider: 'cpu',
    inputShape: inputSizeOf(model),
  });
  const [any, auto] = made.map(({ macs, multiplicity }, at) => ({
    macs: macs.toFixed(3),
    multiplicity,
    latency: (others[at].ms / original.ms).toFixed(2),
  }));
  const name = isDigits(model) ? 'digits ResNet-20' : model.replace(/-.*/, '');
  const cells = [name, techniqueTraits[technique].words, any.macs, any.latency, auto.macs, auto.multiplicity];
  return `| ${cells.join(' | ')} | **${auto.latency}** | ${original.noise.toFixed(2)} |`;
}

async function main(): Promise<void> {
  mkdirSync(join(options.folder, 'widths'), { recursive: true });
  const rows: string[] = [];
  for (const model of options.models.split(','))
    for (const technique of options.technique.split(',') as Technique[]) {
      rows.push(await rowOf(model, technique));
      console.log(rows.at(-1));
    }
  const head = [
    '| network | technique | MACs, any units | latency | MACs, `auto` | multiples of | latency | noise |',
    '|---|---|---|---|---|---|---|---|',
  ];
  writeResults('widths.md', [...head, ...rows].join('\n'));
}

void main();
