import { readFileSync } from 'node:fs';

import { parseModel } from '../../../engine/onnx/model';
import { prepare } from '../../../engine/onnx/open-model';
import { inferShapes } from '../../../engine/onnx/shapes';
import { golden } from '../../support/paths';

interface Case {
  readonly name: string;
  readonly model: string;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/** Single-operator models, and the shapes that ONNX Runtime gave their values at a batch of 2: make_operators.py. */
const cases = JSON.parse(readFileSync(golden('onnx', 'operators.json'), 'utf8')) as Case[];
/** Sizes that depend on what the data hold. */
const open: Readonly<Record<string, readonly number[]>> = {
  NonZero: [1],
  NonMaxSuppression: [0],
  Compress: [1],
};
const substituted = (dim: number | string | undefined) =>
  typeof dim === 'string'
    ? dim.split('*').reduce((all, part) => all * (part === 'n' ? 2 : Number(part)), 1)
    : dim;

describe.each([
  ['as it is', false],
  ['as openModel prepares it', true],
])('shapes are those of ONNX Runtime, the model %s', (_, prepared) => {
  it.each(cases.map((entry) => [entry.name, entry] as const))('%s', (name, { model, shapes }) => {
    const graph = parseModel(Buffer.from(model, 'base64'), name);
    if (prepared) prepare(graph);
    const inferred = inferShapes(graph);
    for (const value of graph.nodes.flatMap(({ output }) => output)) {
      if (!shapes[value]) continue;
      const got = inferred.get(value)?.map(substituted);
      const expected = shapes[value].map((dim, axis) =>
        value === 'y' && open[name]?.includes(axis) ? undefined : dim,
      );
      expect([value, got]).toEqual([value, expected]);
    }
  });
});
