import {
  type CostName,
  costNames,
  type Technique,
  techniqueTraits,
  type UserActivity,
} from '../engine/names';
import { summary } from './proxies';
import { counted } from '../contract/verdict';
import { patched } from '@temporalio/workflow';
import { visible } from '../engine/visible';

/** Labels of an activity: a sentence for the Temporal UI, and an id that identifies it in lists, logs and queries. */
export interface Called {
  readonly summary: string;
  readonly activityId: string;
}

/** The original is called by its name in the sentence, candidates by their ids. */
const nameOf = (of: string) => (of === 'original' ? 'the original' : of);
/** Ids longer than this are cut: `of`, the technique and the number of the layer come first and stay. */
const longest = 200;

/** An id is shown too. Runs of before the escapes keep theirs: an activity is found in a history by it. */
const idOf = (text: string): string => {
  const shown = visible(text);
  return shown === text || !patched('visible-activity-ids') ? text : shown.slice(0, longest);
};
const called = (text: string, ...id: (string | number)[]): Called => ({
  ...summary(text),
  activityId: idOf(id.join('/').slice(0, longest)),
});

/** The sentences of all activities. `of` is `original`, or a candidate's id. */
export const sentences = {
  importSpec: () => called('Import the model and the data', 'import'),

  analyze: (of: string) => called(`Find what can be compressed in ${nameOf(of)}`, 'analyze', of),

  evaluate: (of: string, metric: string, when: 'as it came' | 'as compressed' | 'after fine-tuning') =>
    called(`Evaluate ${nameOf(of)} by ${metric}, ${when}`, 'evaluate', of, when.replaceAll(' ', '-')),

  test: (of: string, metric: string) =>
    called(`Evaluate ${nameOf(of)} by ${metric} on the test split`, 'evaluate', of, 'test-split'),

  listParts: (of: string, technique: Technique) =>
    called(
      `List what ${techniqueTraits[technique].words} can compress in ${nameOf(of)}`,
      'list',
      of,
      technique,
    ),

  /** @param at number of the layer, from 0, which keeps the ids of layers with long names apart */
  scoreLayer: (of: string, technique: Technique, layer: string, at: number, ratios: number) =>
    called(
      `Score layer ${layer} of ${nameOf(of)} for ${techniqueTraits[technique].words} at ${counted(ratios, 'ratio')}`,
      'score',
      of,
      technique,
      at + 1,
      layer,
    ),

  trialModels: (of: string, technique: Technique, layer: string, at: number) =>
    called(
      `Write ${nameOf(of)} with layer ${layer} compressed by ${techniqueTraits[technique].words}, for each ratio`,
      'trials',
      of,
      technique,
      at + 1,
      layer,
    ),

  judgeLayer: (
    of: string,
    technique: Technique,
    layer: string,
    at: number,
    units: number,
    activity: string,
  ) =>
    called(
      `Judge ${nameOf(of)} with layer ${layer} at ${techniqueTraits[technique].units === 'rank' ? `rank ${units}` : counted(units, 'channel')} by activity ${activity}`,
      'judge',
      of,
      technique,
      at + 1,
      units,
      layer,
    ),

  keepScores: (of: string, technique: Technique, layer: string, at: number) =>
    called(`Keep the scores of layer ${layer} of ${nameOf(of)}`, 'keep-scores', of, technique, at + 1, layer),

  collectScores: (of: string, technique: Technique, layers: number) =>
    called(
      `Collect the scores of ${counted(layers, 'layer')} of ${nameOf(of)} for ${techniqueTraits[technique].words}`,
      'collect-scores',
      of,
      technique,
    ),

  compress: (
    plan: { id: string; parent: string | null; technique: Technique; asked: number },
    cost: CostName,
    fineTunedEach: boolean,
  ) =>
    called(
      `Compress ${nameOf(plan.parent ?? 'original')} to ${plan.asked} of its ${costNames[cost]} by ${techniqueTraits[plan.technique].words}${fineTunedEach ? ', fine-tuned after each layer' : ''}`,
      'compress',
      plan.id,
    ),

  fineTune: (of: string, epochs: number) =>
    called(`Fine-tune ${nameOf(of)} for ${counted(epochs, 'epoch')}`, 'fine-tune', of),

  trainElsewhere: (of: string, { activity }: UserActivity) =>
    called(`Fine-tune ${nameOf(of)} by activity ${activity}`, 'fine-tune', of),

  latency: (candidates: number, runs: number) =>
    called(
      `Time the original and ${counted(candidates, 'candidate')} in turn, ${counted(runs, 'run')} each`,
      'latency',
    ),
};
