import { reportedResult } from '../../client/reported';
import type { RunSources } from '../../client/run-sources';
import type { LayerSummary } from '../../engine/jobs/types';
import { fakeInput } from './fake-activities';
import { provenance } from './method';
import { predictionsOf } from './predictions';
import { result } from './results';

/** Size of a made-up run. */
export interface RunSize {
  readonly candidates: number;
  readonly layers: number;
  /** Appended to every name. */
  readonly suffix?: string;
}

const ratios = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/** Makes the sources of a run of a given size: a third of the candidates by SVD, the rest made from the first of them. */
export function sourcesOf({ candidates: count, layers, suffix = '' }: RunSize): RunSources {
  const [template] = result.candidates;
  const first = `ssvd-0.50${suffix}`;
  const candidates = Array.from({ length: count }, (_, at) => {
    const isPruned = at >= Math.ceil(count / 3);
    const id = at === 0 ? first : isPruned ? `${first}/cp-${at}${suffix}` : `ssvd-${at}${suffix}`;
    const ratio = 0.3 + (0.6 * at) / Math.max(count, 1);
    return {
      ...template,
      id,
      technique: isPruned ? ('channel-pruning' as const) : ('spatial-svd' as const),
      parent: isPruned ? first : null,
      achieved: ratio,
      macs: Math.round(31_021_952 * ratio),
      params: Math.round(271_402 * ratio),
      metricBefore: 60 + 30 * ratio + (at % 7),
      metricAfter: 96 + 2 * ratio - 0.1 * (at % 5),
      latencyMs: 1 + 2 * ratio + 0.1 * (at % 3),
      reasons: [`not selected: ratio ${ratio.toFixed(3)}: its ratio is above 0.520`],
      verdicts: [{ state: 'eligible' as const }],
    };
  });
  const name = (at: number) => `/blocks/blocks.${at}/c1/Conv${suffix}`;
  const layer = (at: number, share = 1): LayerSummary => ({
    name: name(at),
    kind: 'Conv',
    kernel: [3, 3],
    stride: [1, 1],
    input: [16, 28, 28],
    output: [16, 28, 28],
    macs: Math.round(share * (1_000_000 + 10_000 * at)),
    params: 2304,
    techniques: ['spatial-svd'],
  });
  const before = Array.from({ length: layers }, (_, at) => layer(at));
  const halves = before.flatMap((one, at) => [
    { ...layer(at, 0.3), name: `${one.name}.vertical`, output: [5, 28, 28] },
    { ...layer(at, 0.2), name: `${one.name}.horizontal`, input: [5, 28, 28] },
  ]);
  const scored = (of: string) => ({
    of,
    layers: before.map(({ name: layerName }, at) => ({
      layer: layerName,
      technique: 'spatial-svd' as const,
      scores: ratios.map((ratio) => ({
        ratio,
        units: Math.round(24 * ratio),
        score: 98 - ((at % 9) + 1) * (1 - ratio) ** 2 * 10,
        error: (1 - ratio) ** 2 / 10,
      })),
    })),
  });
  const settings = { epochs: 4, learningRate: 0.001 } as never;
  const startedAt = Date.parse('2026-11-29T08:00:00Z');
  const at = (seconds: number) => startedAt + 1000 * seconds;
  const work = { worker: `7@host${suffix}`, attempts: 1, outcome: 'done' } as const;
  const pieces = candidates.flatMap(({ id }, place) => [
    { ...work, of: id, activity: 'compress', startedAt: at(60 * place), endedAt: at(60 * place + 20) },
    {
      ...work,
      of: id,
      activity: 'fineTune',
      startedAt: at(60 * place + 20),
      endedAt: at(60 * place + 80),
      attempts: place === 1 ? 3 : 1,
      failure: place === 1 ? 'the GPU ran out of memory' : undefined,
    },
  ]);
  const picks = candidates.slice(0, 1).map(({ id }) => id);
  return {
    result: reportedResult({
      ...result,
      original: { macs: 31_021_952, params: 271_402, metric: 98, test: 97, latencyMs: 3 },
      candidates,
      picks,
      selected: candidates[0]?.id ?? null,
      final: candidates.length ? { ...result.final!, drop: 98 - candidates[0].metricAfter } : null,
      workflowId: `slimflow/model${suffix}/0123456789ab`,
    }),
    record: {
      input: { ...fakeInput(), name: `model${suffix}` },
      startedAt,
      endedAt: at(60 * count + 200),
      pieces,
      scores: [],
      scoring: [],
      costs: [],
      samples: 1000,
      trainings: candidates.map(({ id }, place) => ({
        candidate: id,
        settings,
        outcome: {
          steps: 400,
          resumedAt: 0,
          losses: [2, 1, 0.5, 0.4].map((loss) => loss * (1 + place / 10)),
          retries:
            place === 2
              ? [{ step: 150, backTo: 100, from: 0.001, to: 0.0005, why: 'the loss became NaN' }]
              : [],
          evaluations: [0, 1, 2, 3, 4].map((epoch) => ({ epoch, value: 90 + epoch + place / 10 })),
          notes: [],
          provenance,
        },
      })),
    },
    scores: ['original', ...picks].filter(() => layers > 0).map(scored),
    predictions: layers
      ? predictionsOf({
          samples: 1000,
          classes: layers > 100 ? 100 : 10,
          wrongBefore: [3, 100, 555],
          wrongAfter: [3, 4, 14, 24, 34, 44, 54, 64, 74, 84, 94, 104, 114, 124, 134, 144, 200, 201, 300],
        })
      : undefined,
    before: layers ? before : undefined,
    after: layers ? halves : undefined,
    missing: [],
  };
}
