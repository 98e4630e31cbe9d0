import { join } from 'node:path';

import { compressModel } from '../../engine/api/compress-model';
import { inspectModel } from '../../engine/api/inspect-model';
import { saveModel } from '../../engine/onnx/model';
import { own, table } from '../../engine/table';
import { inFolder } from '../support/folder';
import { modelOf, randoms } from '../support/graphs';

const inherited = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'];

it('a table has its own rows alone', () => {
  const rows = table({ Relu: 1 });
  expect([rows.Relu, rows.Add]).toEqual([1, undefined]);
  for (const name of inherited) {
    expect(rows[name]).toBeUndefined();
    expect(own({ Relu: 1 }, name)).toBeUndefined();
  }
  expect(own(JSON.parse('{"__proto__": 2}') as Record<string, number>, '__proto__')).toBe(2);
});

/** Two convolutions with the names of what every object has, and an input and an output that have such names too. */
const model = (last = 'Relu') =>
  modelOf(
    ['__proto__', ['batch', 3, 8, 8]],
    [
      {
        op: 'Conv',
        name: 'constructor',
        inputs: ['__proto__', 'toString'],
        outputs: ['valueOf'],
        attributes: { pads: [1, 1, 1, 1] },
      },
      {
        op: 'Conv',
        name: '__proto__',
        inputs: ['valueOf', 'isPrototypeOf'],
        outputs: ['hasOwnProperty'],
        attributes: { pads: [1, 1, 1, 1] },
      },
      { op: last, name: 'toString', inputs: ['hasOwnProperty'], outputs: ['constructor'] },
    ],
    ['constructor'],
    { toString: randoms([8, 3, 3, 3], 1), isPrototypeOf: randoms([8, 8, 3, 3], 2) },
  );

it('layers and values with such names are inspected and compressed like others', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'model.onnx');
    saveModel(model(), path);
    const { layers } = await inspectModel(path);
    expect(layers.map(({ name }) => name)).toEqual(['constructor', '__proto__']);
    for (const technique of ['spatial-svd', 'channel-pruning'] as const) {
      const out = join(folder, `${technique}.onnx`);
      const report = await compressModel({ model: path, technique, target: 0.7, out });
      expect(report.achieved).toBeLessThan(1);
      expect((await inspectModel(out)).layers.length).toBeGreaterThan(0);
    }
  }));

it.each(inherited)('an operator %s is one that nothing is known of', (name) =>
  inFolder(async (folder) => {
    const path = join(folder, 'model.onnx');
    saveModel(model(name), path);
    const { notes } = await inspectModel(path);
    expect(notes.join()).toContain(`operator ${name} is unknown to shape inference`);
  }),
);
