import { ApplicationFailure, Context } from '@temporalio/activity';

import type { Activities, Analysis, Part, TrialModel } from '../../contract/activities';
import type { EvaluationAnswer } from '../../run-spec/activity-contract';
import { type Technique, techniques } from '../../engine/names';
import { CompressionSettings } from '../../run-spec/spec';
import type { ArtifactRef } from '../../store/artifact';
import { sha256 } from '../../store/digest';
import type { GuidebookInput } from '../../contract/run';
import { modelName } from '../../contract/run-name';
import { provenance } from './method';

/** A model of the fake world: its address holds its MACs and whether it was fine-tuned. */
interface FakeModel {
  readonly macs: number;
  readonly tuned: boolean;
}

/** Answers of the fake activities; every field can be replaced. */
export interface World {
  readonly original: number;
  readonly parts: readonly Part[];
  /** The metric of a model with this share of the original's MACs. */
  readonly metric: (ratio: number, tuned: boolean, macs: number) => number;
  /** Standard error of the metric; unknown by default. */
  readonly standardError?: number;
  /** Time in ms of a model of that many MACs. */
  readonly ms: (macs: number) => number;
  /** Report of fine-tuning. */
  readonly tuningNotes: readonly string[];
  /** Runs before each activity; throws what the activity is to throw. */
  readonly before: (activity: keyof Activities, request: unknown) => Promise<void> | void;
}

export const fakeMacs = 1_000_000;

/** A reference to a file of the fake world. */
export const fakeRef = (name: string): ArtifactRef => ({
  uri: `fake:${name}`,
  sha256: sha256(name),
  bytes: 1,
});
const modelRef = (model: FakeModel) => fakeRef(JSON.stringify(model));
const modelOf = ({ uri }: ArtifactRef) => JSON.parse(uri.slice('fake:'.length)) as FakeModel;

/** A start of the guidebook in the fake world. */
export const fakeInput = (settings: object = {}): GuidebookInput => {
  const split = { images: fakeRef('images'), labels: fakeRef('labels') };
  return {
    name: 'fake',
    model: modelRef({ macs: fakeMacs, tuned: false }),
    data: { train: split, evaluate: split, test: { ...split, range: [0, 1] } },
    settings: CompressionSettings.parse({ target: 0.5, tolerance: 1, ...settings }),
  };
};

/** Names of activities in the order in which they were asked for, with what they were asked. */
export type Calls = [keyof Activities, unknown][];

/** Activities of a world without numbers: a compressed model has just the ratio asked for. */
export function fakeActivities(
  world: Partial<World> = {},
  calls: Calls = [],
): Activities & { readonly calls: Calls } {
  const { original, parts, metric, standardError, ms, tuningNotes, before }: World = {
    original: 98,
    parts: techniques.flatMap((technique) => ['c1', 'c2', 'c3'].map((name) => ({ name, technique }))),
    metric: (ratio, tuned) => 98 - (1 - ratio) * (tuned ? 1 : 5),
    ms: (macs) => macs / 1e5,
    tuningNotes: [],
    before: () => undefined,
    ...world,
  };
  const answer =
    <Request, Reply>(name: keyof Activities, reply: (request: Request) => Reply) =>
    async (request: Request): Promise<Reply> => {
      calls.push([name, request]);
      await before(name, request);
      return reply(request);
    };
  const namesOf = (asked: Technique) =>
    parts.filter(({ technique }) => technique === asked).map(({ name }) => name);
  return {
    calls,
    importSpec: answer('importSpec', ({ spec }: Parameters<Activities['importSpec']>[0]) => ({
      ...fakeInput({ target: spec.target }),
      name: modelName(spec.model),
    })),
    analyze: answer<{ model: ArtifactRef }, Analysis>('analyze', ({ model }) => ({
      macs: modelOf(model).macs,
      params: modelOf(model).macs / 10,
      layers: Object.fromEntries(techniques.map((one) => [one, namesOf(one).length])) as Analysis['layers'],
      parts: fakeRef('parts'),
      notes: [],
    })),
    listParts: answer('listParts', ({ technique, from, most }: Parameters<Activities['listParts']>[0]) =>
      namesOf(technique).slice(from, from + most),
    ),
    evaluate: answer('evaluate', ({ model }: Parameters<Activities['evaluate']>[0]) => {
      const { macs, tuned } = modelOf(model);
      const value = macs === fakeMacs ? original : metric(macs / fakeMacs, tuned, macs);
      return { value, samples: 1000, standardError };
    }),
    lend: answer('lend', ({ model, data, metric }: Parameters<Activities['lend']>[0]) => ({
      question: {
        contract: 1 as const,
        model: { path: model.uri, sha256: model.sha256, bytes: model.bytes },
        data: { images: { path: data.images.uri, sha256: data.images.sha256, bytes: data.images.bytes } },
        settings: metric.settings ?? {},
      },
    })),
    keepAnswer: answer('keepAnswer', ({ answer: told }: Parameters<Activities['keepAnswer']>[0]) => ({
      value: (told as EvaluationAnswer).points,
      samples: 1000,
    })),
    lendTraining: answer(
      'lendTraining',
      ({ model, data, by }: Parameters<Activities['lendTraining']>[0]) => ({
        question: {
          contract: 1 as const,
          model: { path: model.uri, sha256: model.sha256, bytes: model.bytes },
          teacher: { path: model.uri, sha256: model.sha256, bytes: model.bytes },
          data: { images: { path: data.images.uri, sha256: data.images.sha256, bytes: data.images.bytes } },
          settings: by.settings ?? {},
          out: { path: 'out' },
        },
      }),
    ),
    keepTraining: answer('keepTraining', ({ model }: Parameters<Activities['keepTraining']>[0]) => ({
      model: modelRef({ ...modelOf(model), tuned: true }),
      steps: 7,
      resumedAt: 0,
      losses: [1],
      retries: [],
      notes: [],
      provenance,
    })),
    scoreLayer: answer(
      'scoreLayer',
      ({ layer, method, candidates }: Parameters<Activities['scoreLayer']>[0]) => ({
        scores: candidates.map((ratio) => ({ ratio, units: 1, score: 90, error: 0.1 })),
        artifact: fakeRef(`${layer} ${method.technique}`),
      }),
    ),
    trialModels: answer('trialModels', (): readonly TrialModel[] =>
      [0.9, 0.95].map((ratio, at) => ({
        units: at + 1,
        model: modelRef({ macs: fakeMacs * ratio, tuned: false }),
      })),
    ),
    keepScores: answer('keepScores', ({ scored }: Parameters<Activities['keepScores']>[0]) => scored),
    collectScores: answer('collectScores', () => fakeRef('scores')),
    compress: answer('compress', ({ model, target }: Parameters<Activities['compress']>[0]) => {
      const macs = Math.round(modelOf(model).macs * target);
      return {
        model: modelRef({ macs, tuned: false }),
        achieved: target,
        macs,
        params: Math.round(macs / 10),
        notes: [],
        computedBy: { provider: 'cpu', linearAlgebra: 'paper' },
        provenance,
      };
    }),
    fineTune: answer('fineTune', ({ model }: Parameters<Activities['fineTune']>[0]) => ({
      model: modelRef({ ...modelOf(model), tuned: true }),
      steps: 10,
      resumedAt: 0,
      losses: [1, 0.5],
      retries: [],
      notes: tuningNotes,
      provenance,
    })),
    latency: answer('latency', ({ models, threads = 1, batch = 1 }: Parameters<Activities['latency']>[0]) => {
      const times = models.map((model) => ms(modelOf(model).macs));
      const speeds = times.map((own) => ({ faster: times[0] / own, noise: 0 }));
      return { ms: times, speeds, provenance, threads, batch };
    }),
  };
}

/** The failure of a fake activity that will never succeed. */
export const hopeless = (type: string, message: string) => ApplicationFailure.nonRetryable(message, type);

/** Waits, heartbeating, until the activity is cancelled, or `released`. */
export async function untilCancelled(released: Promise<void> = new Promise(() => undefined)): Promise<void> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), 100);
  try {
    await Promise.race([context.cancelled, released]);
  } finally {
    clearInterval(timer);
  }
}

/** Something that activities wait for, and a test lets happen. */
export function latch(): { readonly released: Promise<void>; readonly release: () => void } {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  return { released, release };
}
