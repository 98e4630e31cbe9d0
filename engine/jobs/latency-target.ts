import type { Graph } from '../onnx/graph';
import { type CostOf, tolerance } from '../ratios/plan';
import { LatencyCurve } from '../runtime/latency-curve';
import { inPlace } from '../runtime/layer-in-place';
import { speedOf, timeGraphs, timeKernels, type Timing } from '../runtime/timing';
import { choosePlan, type Chosen } from './choose-plan';
import type { Compressor, Part } from './compressor';
import type { JobContext } from './job-context';
import type { Tools } from './backends';
import type { CompressInput } from './types';

/** A plan that was carried out and measured. */
type Carried = Required<Chosen>;

/** Timed runs of a layer's variants, and of whole models. */
const runs = { layer: 20, model: 60 };
/** Most compressions that are measured: each brings the predicted target nearer to the measured one. */
const mostTries = 4;

/**
 * Compresses to a share of the measured latency. Layers are timed at their candidate units, which yields a prediction
 * to choose by; the chosen model is timed alternating with the original, and if it missed the target, the target of the
 * prediction is moved by the difference. The nearest of the tries is kept.
 */
export async function landOnLatency(
  graph: Graph,
  compressor: Compressor,
  input: CompressInput,
  { threads, provider }: Tools,
  context: JobContext,
): Promise<Carried> {
  const here = { threads, provider, onRun: () => context.checkStop() };
  const options = { ...here, inputShape: input.method.inputSize, runs: runs.model };
  // Predictions use undisturbed calls: otherwise what disturbed a layer on a busy machine would look like a saving.
  const [{ least: whole }] = await timeGraphs([graph], options);
  // The sizes that were given are the network's; those of layers follow from them.
  const timed = { ...here, runs: runs.layer };
  const costOf = await predictedBy(compressor, input, whole, (alone) =>
    provider === 'cpu'
      ? timeKernels(
          alone.map((layer) => inPlace(layer, graph)),
          timed,
        )
      : timeGraphs(alone, timed),
  );
  const asked = input.target;
  let best: Carried | undefined;
  let aim = asked;
  for (let tried = 0; tried < mostTries; tried++) {
    const target = aim === undefined ? undefined : aim * whole;
    const selection = choosePlan(compressor, { ...input, costOf, target });
    const made = await compressor.compress(selection.plan);
    const [own, other] = await timeGraphs([graph, made.graph], options);
    const speed = speedOf(other, own);
    const achieved = 1 / speed.faster;
    const told = { done: tried + 1, total: mostTries, note: `${achieved.toFixed(3)} of the latency` };
    context.report(told);
    const carried: Carried = { selection: withMeasured(selection, achieved, asked), made, achieved, speed };
    if (asked === undefined || aim === undefined) return carried;
    if (!best || Math.abs(achieved - asked) < Math.abs(best.achieved - asked)) best = carried;
    if (Math.abs(achieved - asked) <= tolerance || !selection.reached) break;
    aim = Math.max(0.01, Math.min(1, aim + asked - achieved));
  }
  return best!;
}

/** Replaces a plan's predicted shortfall by the measured one. */
function withMeasured(
  { shortfall: _predicted, ...selection }: Carried['selection'],
  achieved: number,
  asked: number | undefined,
): Carried['selection'] {
  if (asked === undefined || Math.abs(achieved - asked) <= tolerance) return selection;
  const shortfall = { reason: 'measured', asked, nearest: achieved, isAtFloor: !selection.reached } as const;
  return { ...selection, shortfall };
}

/** Predicts the ms of the whole model under a plan: its own, less what each part saves separately. */
async function predictedBy(
  compressor: Compressor,
  { scores }: CompressInput,
  whole: number,
  time: (graphs: readonly Graph[]) => Promise<readonly Pick<Timing, 'least'>[]>,
): Promise<CostOf> {
  const rows = new Map(scores.map((row) => [row.layer, row.scores.map(({ units }) => units)]));
  const savings: ((units: number) => number)[] = [];
  for (const part of compressor.parts) {
    const units = [...new Set(rows.get(part.name) ?? [])].filter((count) => count <= part.most);
    savings.push(units.length ? await savingOf(compressor, part, units, time) : () => 0);
  }
  return (plan) =>
    plan.reduce<number>((ms, units, at) => ms - (units === null ? 0 : savings[at](units)), whole);
}

async function savingOf(
  compressor: Compressor,
  part: Part,
  units: readonly number[],
  time: (graphs: readonly Graph[]) => Promise<readonly Pick<Timing, 'least'>[]>,
): Promise<(units: number) => number> {
  const variants: Graph[][] = [];
  for (const count of [null, ...units]) variants.push(await compressor.alone(part, count));
  const times = [...(await time(variants.flat()))];
  const [own, ...others] = variants.map((graphs) =>
    times.splice(0, graphs.length).reduce((sum, { least }) => sum + least, 0),
  );
  const curve = new LatencyCurve(units.map((count, at) => ({ units: count, ms: others[at] })));
  return (count) => own - curve.ms(count);
}
