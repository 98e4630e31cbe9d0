import { join } from 'node:path';

import { Dataset } from '../../../engine/data/dataset';
import { quiet } from '../../../engine/jobs/job-context';
import { predict } from '../../../engine/jobs/predict';
import { openModel } from '../../../engine/onnx/open-model';
import { evaluate } from '../../../engine/runtime/measure-metric';
import { inFolder } from '../../support/folder';
import { machinery } from '../../support/method';
import { tinyJob } from '../../support/tiny';

const asked = (folder: string) => {
  tinyJob(folder);
  const data = { images: join(folder, 'images.npy'), labels: join(folder, 'labels.npy'), range: [100, 300] };
  return { models: [join(folder, 'model.onnx')], data: data as never, machinery };
};

it('the predicted classes are those that the metric counts', () =>
  inFolder(async (folder) => {
    const input = asked(folder);
    const { rows, of, labels, models } = await predict({ ...input, samples: 1000 }, quiet);
    expect([rows.length, of, rows[0], rows.at(-1)]).toEqual([200, 200, 0, 199]);
    const right = labels.filter((label, at) => models[0].classes[at] === label).length;
    const data = Dataset.open(input.data);
    const top1 = await evaluate(openModel(input.models[0]), data, { metric: 'top1', threads: 1 });
    data.close();
    expect(right / 2).toBeCloseTo(top1, 10);
    expect(models[0].sureness.every((share) => share > 0.25 && share <= 1)).toBe(true);
  }));

it('of many samples, the same few are drawn every time', () =>
  inFolder(async (folder) => {
    const input = asked(folder);
    const few = await predict({ ...input, samples: 30 }, quiet);
    const all = await predict({ ...input, samples: 200 }, quiet);
    expect(few.rows.length).toBe(30);
    expect(few.rows).toEqual((await predict({ ...input, samples: 30 }, quiet)).rows);
    expect(few.models[0].classes).toEqual(few.rows.map((row) => all.models[0].classes[row]));
  }));
