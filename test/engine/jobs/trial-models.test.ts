import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { analyze } from '../../../engine/jobs/analyze';
import { evaluateJob } from '../../../engine/jobs/evaluate';
import { quiet } from '../../../engine/jobs/job-context';
import { scoreLayer } from '../../../engine/jobs/score-layer';
import { trialModels } from '../../../engine/jobs/trial-models';
import { techniques } from '../../../engine/names';
import { temporaryFolder } from '../../support/folder';
import { machinery, methodOf } from '../../support/method';
import { digits, digitsModel } from '../../support/paths';

const folder = temporaryFolder();
const model = digitsModel();
const evaluate = digits(7000, 7100);

it.each(techniques)(
  'a model with one layer compressed by %s is written as scoreLayer judges it',
  async (technique) => {
    const method = methodOf(technique);
    const { parts } = await analyze({ model, coupled: false });
    const layer = parts.filter((part) => part.technique === technique)[1].name;
    const factors = join(folder, `${technique}.safetensors`);
    const shared = {
      model,
      method,
      layer,
      train: digits(0, 200),
      reconstruction: { samples: 50, patches: 10, seed: 0 },
      machinery,
    };
    const { scores } = await scoreLayer(
      { ...shared, candidates: [0.2, 0.5], evaluate, metric: 'top1', factors },
      quiet,
    );
    const own = join(folder, technique);
    mkdirSync(own);
    const { files } = await trialModels(
      {
        ...shared,
        units: scores.map(({ units }) => units),
        folder: own,
        ...(existsSync(factors) && { factors: { [layer]: factors } }),
      },
      quiet,
    );
    expect(files).toHaveLength(2);
    for (const [at, file] of files.entries()) {
      const { value } = await evaluateJob({ model: file, data: evaluate, metric: 'top1', machinery }, quiet);
      expect(value).toBe(scores[at].score);
    }
  },
);
