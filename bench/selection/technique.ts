import type { DatasetSource } from '../../engine/data/source';
import { type Part } from '../../engine/jobs/compressor';
import { compressorOf } from '../../engine/jobs/compressors';
import { quiet } from '../../engine/jobs/job-context';
import type { Machinery, Method, Technique } from '../../engine/names';
import { plainMethod } from '../../engine/jobs/list-parts';
import { scoreLayer } from '../../engine/jobs/score-layer';
import { toolsOf } from '../../engine/jobs/backends';
import type { Graph } from '../../engine/onnx/graph';
import { openModel } from '../../engine/onnx/open-model';
import type { CostOf, LayerChoices, Plan } from '../../engine/ratios/plan';

/** A technique on one model, ready for plans. */
export interface Candidates {
  readonly choices: readonly LayerChoices[];
  readonly costOf: CostOf;
  /** The model compressed by a plan. */
  readonly apply: (plan: Plan) => Promise<Graph>;
}

const reconstruction = { samples: 500, patches: 10, seed: 0, svd: false };
const machinery: Machinery = { provider: 'cpu', linearAlgebra: 'auto', threads: 1 };
const tenths = Array.from({ length: 9 }, (_, i) => (i + 1) / 10);

/** Scores every part of a model that `technique` compresses, as AIMET would, and makes it ready for plans. */
export async function candidatesOf(
  model: string,
  technique: Technique,
  data: { readonly train: DatasetSource; readonly evaluate: DatasetSource },
  candidates: readonly number[] = tenths,
): Promise<Candidates> {
  const method: Method = { ...plainMethod, technique, score: 'metric', coupled: false };
  const means = { model, method, context: quiet, train: data.train, reconstruction };
  const compressor = await compressorOf(openModel(model), { ...means, tools: await toolsOf(machinery) });
  const choices: LayerChoices[] = [];
  for (const { name, most, full, unitsAtOne } of compressor.parts satisfies readonly Part[]) {
    const input = { ...means, ...data, layer: name, candidates, metric: 'top1', machinery } as const;
    const { scores } = await scoreLayer(input, quiet);
    choices.push({ layer: name, least: 1, most, full, unitsAtOne, scores });
  }
  return {
    choices,
    costOf: compressor.costOf.macs,
    apply: async (plan) => (await compressor.compress(plan)).graph,
  };
}
