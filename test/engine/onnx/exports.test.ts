import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

import { parseModel } from '../../../engine/onnx/model';
import { inferShapes } from '../../../engine/onnx/shapes';
import { golden } from '../../support/paths';

interface Export {
  readonly name: string;
  readonly batch: string;
  readonly model: string;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/** Networks of torchvision by both exporters, without weights, and their shapes at a batch of 2: make_exports.py. */
const networks = JSON.parse(
  gunzipSync(readFileSync(golden('onnx', 'exports.json.gz'))).toString(),
) as Export[];

it.each(networks.map((entry) => [entry.name, entry] as const))(
  'every shape of %s is that of ONNX Runtime',
  (name, { batch, model, shapes }) => {
    const graph = parseModel(Buffer.from(model, 'base64'), name);
    const inferred = inferShapes(graph);
    const symbol = batch || `${graph.inputs[0].name}.0`;
    const size = (dim: number | string | undefined) =>
      typeof dim === 'string'
        ? dim.split('*').reduce((all, part) => all * (part === symbol ? 2 : Number(part)), 1)
        : dim;
    const got = Object.keys(shapes).map((value) => [value, inferred.get(value)?.map(size)]);
    expect(got).toEqual(Object.entries(shapes));
  },
);
