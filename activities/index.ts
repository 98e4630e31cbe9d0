import { analyze } from './analyze';
import { cancellable } from './cancellable-store';
import { collectScores } from './collect-scores';
import { compress } from './compress';
import { evaluate } from './evaluate';
import { fineTune } from './fine-tune';
import { importSpec } from './import-spec';
import { keepAnswer } from './keep-answer';
import { keepScores } from './keep-scores';
import { keepTraining } from './keep-training';
import { latency } from './latency';
import { lend } from './lend';
import { lendTraining } from './lend-training';
import { listParts } from './list-parts';
import { scoreLayer } from './score-layer';
import { trialModels } from './trial-models';
import { checkedRequest } from './requests';
import type { Activities } from '../contract/activities';
import type { Workplace } from './activity-context';

/** Creates all activities at a workplace. Each checks its request before anything else. */
export function activitiesAt(place: Workplace): Activities {
  const at = { ...place, store: cancellable(place.store) };
  return {
    importSpec: asked('importSpec', importSpec(at)),
    analyze: asked('analyze', analyze(at)),
    listParts: asked('listParts', listParts(at)),
    evaluate: asked('evaluate', evaluate(at)),
    lend: asked('lend', lend(at)),
    keepAnswer: asked('keepAnswer', keepAnswer(at)),
    lendTraining: asked('lendTraining', lendTraining(at)),
    keepTraining: asked('keepTraining', keepTraining(at)),
    scoreLayer: asked('scoreLayer', scoreLayer(at)),
    trialModels: asked('trialModels', trialModels(at)),
    keepScores: asked('keepScores', keepScores(at)),
    collectScores: asked('collectScores', collectScores(at)),
    compress: asked('compress', compress(at)),
    fineTune: asked('fineTune', fineTune(at)),
    latency: asked('latency', latency(at)),
  };
}

/** An activity behind the check of its request. */
const asked =
  <Name extends keyof Activities, Result>(
    name: Name,
    activity: (request: Parameters<Activities[Name]>[0]) => Promise<Result>,
  ) =>
  async (request: unknown): Promise<Result> =>
    activity(checkedRequest(name, request));
