import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { askedMetric, isActivityMetric } from '../contract/metric';
import { evaluateModel } from '../engine/api/evaluate-model';
import { EngineError } from '../engine/errors';
import type { InputSize, MetricChoice, ProviderChoice } from '../engine/names';
import { modelFiles } from '../engine/onnx/model';
import { ProcessPool } from '../engine/pools/process-pool';
import { visibleLines } from '../engine/visible';
import { evaluationReport, type JudgedModel } from '../report/evaluation';
import { BadInput, exitStatus } from './exit-status';
import { onInterrupt } from './interrupt';
import { readLook, readModel } from './preflight';

/** The options of `slimflow evaluate` as commander gives them. */
export interface EvaluateFlags {
  readonly data: string;
  readonly split: 'train' | 'evaluate' | 'test';
  readonly inputSize?: InputSize;
  readonly threads?: number;
  readonly provider: ProviderChoice;
  /** Timed runs; 0 for none. */
  readonly latencyRuns: number;
  readonly json?: boolean;
}

/** `slimflow evaluate`: the metric, counts and latency of models on a user's data, so that others' figures can be compared. */
export async function evaluate(models: readonly string[], flags: EvaluateFlags): Promise<number> {
  const look = await readLook(flags.data);
  const data = look.data[flags.split];
  if (!data) throw new BadInput(`spec ${flags.data}: data has no split ${flags.split}`);
  const metric = metricOf(askedMetric(look.metric, look.model ?? models[0]));
  const { threads = Math.max(1, availableParallelism()), provider } = flags;
  const inputSize = flags.inputSize ?? look.inputSize;
  const signal = onInterrupt();
  const pool = new ProcessPool({ slots: 1 });
  try {
    const judged: JudgedModel[] = [];
    for (const model of models) {
      const { macs, params } = await readModel(model, { inputSize, images: data });
      const evaluation = await evaluateModel({ model, data, metric, threads, provider }, { signal });
      const bytes = modelFiles(model).reduce((sum, file) => sum + statSync(file).size, 0);
      judged.push({ model, macs, params, bytes, ...evaluation });
    }
    const machinery = { threads, provider, linearAlgebra: 'auto' } as const;
    const latency = flags.latencyRuns
      ? await pool.run('latency', { models, inputSize, machinery, runs: flags.latencyRuns }, { signal })
      : undefined;
    const timed = judged.map((one, at) => ({
      ...one,
      ...(latency && { latencyMs: latency.ms[at], speed: latency.speeds?.[at] }),
    }));
    process.stdout.write(
      visibleLines(
        flags.json
          ? `${JSON.stringify({ split: flags.split, threads, models: timed }, undefined, 2)}\n`
          : `${evaluationReport(timed, { split: flags.split, threads })}\n`,
      ),
    );
    return exitStatus.done;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'Cancelled') return exitStatus.detached;
    throw new BadInput(error.message, { cause: error });
  } finally {
    await pool.close();
  }
}

/** @throws BadInput for a metric that only a run can ask for */
function metricOf(metric: ReturnType<typeof askedMetric<string>>): MetricChoice {
  if (!isActivityMetric(metric)) return metric;
  throw new BadInput(
    `metric: activity ${metric.activity} is asked only by \`slimflow run\`: name another metric in the spec that --data names`,
  );
}
