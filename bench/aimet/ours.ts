import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DatasetSource } from '../../engine/data/source';
import { analyze } from '../../engine/jobs/analyze';
import type { Method, Selecting, SelectionMode } from '../../engine/names';
import { plainMethod } from '../../engine/jobs/list-parts';
import { JobPool } from '../../engine/pools/thread-pool';
import type { LayerScores, Technique } from '../../engine/jobs/types';
import { layersOf } from '../../engine/onnx/layers';
import { openModel } from '../../engine/onnx/open-model';
import { channelMagnitudes, channelsFor, keepMostImportant } from '../../engine/pruning/importance';
import type { FloatTensor } from '../../engine/tensor/tensor';
import { root } from '../docs';

const digits = join(root, 'examples', 'digits');
const rows = (first: number, end: number): DatasetSource => ({
  images: join(digits, 'data', 'images.npy'),
  labels: join(digits, 'data', 'labels.npy'),
  range: [first, end],
});

/** The model with BatchNorm left in: its weights are those that AIMET sees in PyTorch. */
export const model = join(digits, 'resnet20-digits.bn.onnx');
const [train, validation, test] = [rows(0, 7000), rows(7000, 8000), rows(8000, 10_000)];
/** The first convolution stays as it is, on both sides. */
const ignore = ['/c/Conv'];
/** As many samples as AIMET gets: 10 patches of each of 200 images, for pruned layers alone. */
const common = { train, reconstruction: { samples: 200, patches: 10, seed: 0, svd: false } };
const machinery = { threads: 1, provider: 'cpu', linearAlgebra: 'auto' } as const;
/** AIMET's own settings; channels tied across branches are left alone, as it does. */
const methodOf = (technique: Technique): Method => ({
  ...plainMethod,
  multiplicity: 1,
  technique,
  score: 'metric',
  coupled: false,
  ignore,
});
const selectionOf = (mode: SelectionMode): Selecting => ({
  mode,
  monotonic: false,
  ratios: {},
  channels: {},
});

/** A layer's names here and in PyTorch, and the sizes that its costs depend on. */
export interface OurLayer {
  readonly name: string;
  readonly torch: string;
  readonly macs: number;
  /** Weight [N, C, kH, kW], or [N, C] of a Gemm. */
  readonly dims: readonly number[];
  /** [C, H, W], or [C]. */
  readonly input: readonly number[];
  readonly output: readonly number[];
  /** The techniques that can compress it by itself. */
  readonly techniques: readonly string[];
}

/** The layers of the digits ResNet-20. */
export async function ourLayers(): Promise<OurLayer[]> {
  const known = new Map(layersOf(openModel(model)).map((layer) => [layer.name, layer]));
  const { layers, parts } = await analyze({ model, ignore, coupled: false });
  return layers.map(({ name, macs, input, output }) => {
    const techniques = parts.filter((part) => part.name === name).map(({ technique }) => technique);
    const { weight, dims } = known.get(name)!;
    const torch = weight.replace(/\.weight$/, '');
    return { name, torch, macs, dims, input: input.map(Number), output: output.map(Number), techniques };
  });
}

/** Input channels that pruning keeps of a layer at a ratio. */
export function keptChannels({ torch, dims }: OurLayer, ratio: number): number[] {
  const weight = openModel(model).constant(`${torch}.weight`) as FloatTensor;
  return keepMostImportant(channelMagnitudes(weight), channelsFor(ratio, dims[1]));
}

/** Scores and compressions by the jobs that a guidebook run uses, on `cores` worker threads. */
export class Ours {
  private readonly pool: JobPool;
  /** Factors are of one run: those of an earlier one would save time that AIMET has to spend. */
  private readonly scratch = mkdtempSync(join(tmpdir(), 'slimflow-aimet-'));

  constructor(
    private readonly folder: string,
    cores: number,
  ) {
    this.pool = new JobPool({ slots: cores });
  }

  /** The eval-score dictionary of a technique. */
  score(
    technique: Technique,
    layers: readonly OurLayer[],
    candidates: readonly number[],
  ): Promise<LayerScores[]> {
    const chosen = layers.filter(({ techniques }) => techniques.includes(technique));
    return Promise.all(
      chosen.map(({ name: layer }) =>
        this.pool.run('scoreLayer', {
          ...common,
          machinery,
          model,
          method: methodOf(technique),
          layer,
          candidates,
          evaluate: validation,
          metric: 'top1',
          factors: technique === 'channel-pruning' ? undefined : this.factors(technique, layer),
        }),
      ),
    );
  }

  /** Compresses to `target`. Returns the path of the model. */
  async compress(
    technique: Technique,
    target: number,
    scores: readonly LayerScores[],
    mode: SelectionMode,
  ): Promise<string> {
    const out = join(this.folder, `ours-${technique}-${mode}-${target.toFixed(4)}.onnx`);
    const selection = selectionOf(mode);
    const factors =
      technique === 'channel-pruning'
        ? undefined
        : Object.fromEntries(scores.map(({ layer }) => [layer, this.factors(technique, layer)]));
    await this.pool.run('compress', {
      ...common,
      machinery,
      selection,
      model,
      method: methodOf(technique),
      target,
      scores,
      factors,
      out,
    });
    return out;
  }

  /** MACs relative to the original's, and accuracy in points, of a model of either side. */
  async judge(path: string): Promise<{ ratio: number; validation: number; test: number }> {
    const [macs, original] = await Promise.all(
      [path, model].map(async (file) => (await this.pool.run('analyze', { model: file })).macs),
    );
    const accuracy = async (data: DatasetSource) =>
      (await this.pool.run('evaluate', { model: path, data, metric: 'top1', machinery })).value;
    return { ratio: macs / original, validation: await accuracy(validation), test: await accuracy(test) };
  }

  private factors(technique: Technique, layer: string): string {
    return join(this.scratch, `${technique}${layer.replaceAll('/', '_')}.safetensors`);
  }

  async close(): Promise<void> {
    await this.pool.close();
    rmSync(this.scratch, { recursive: true, force: true });
  }
}
