import { analyze } from './analyze';
import { cancellable } from './cancellable-store';
import { collectScores } from './collect-scores';
import { compress } from './compress';
import { evaluate } from './evaluate';
import { fineTune } from './fine-tune';
import { latency } from './latency';
import { listParts } from './list-parts';
import { scoreLayer } from './score-layer';
import type { Activities } from '../contract/activities';
import type { Workplace } from './activity-context';

/** Creates all activities at a workplace. */
export function activitiesAt(place: Workplace): Activities {
  const at = { ...place, store: cancellable(place.store) };
  return {
    analyze: analyze(at),
    listParts: listParts(at),
    evaluate: evaluate(at),
    scoreLayer: scoreLayer(at),
    collectScores: collectScores(at),
    compress: compress(at),
    fineTune: fineTune(at),
    latency: latency(at),
  };
}
