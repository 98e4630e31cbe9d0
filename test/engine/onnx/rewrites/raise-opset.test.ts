import { readFileSync } from 'node:fs';

import { EngineError } from '../../../../engine/errors';
import { type Graph, type NodeFields } from '../../../../engine/onnx/graph';
import { parseModel, serializeModel } from '../../../../engine/onnx/model';
import { prepare } from '../../../../engine/onnx/open-model';
import { raiseOpset } from '../../../../engine/onnx/rewrites/raise-opset/raise-opset';
import { Session } from '../../../../engine/runtime/session';
import { asFloats } from '../../../../engine/tensor/as-floats';
import { floats, type Tensor } from '../../../../engine/tensor/tensor';
import { distance, modelOf, randoms } from '../../../support/graphs';
import { golden } from '../../../support/paths';

interface Told {
  readonly dims: readonly number[];
  readonly values: string;
}
interface Case {
  readonly name: string;
  readonly model: string;
  readonly feeds: Readonly<Record<string, Told>>;
  readonly outputs: readonly Told[];
}

/** Models of operator sets 7 to 10, and what ONNX Runtime computes of them: make_raised.py. */
const { cases } = JSON.parse(readFileSync(golden('onnx', 'raised.json'), 'utf8')) as { cases: Case[] };
const tensor = ({ dims, values }: Told): Tensor =>
  floats(dims, new Float32Array(new Uint8Array(Buffer.from(values, 'base64')).buffer));

async function outputsOf(graph: Graph, feeds: Case['feeds']): Promise<Tensor[]> {
  const session = await Session.open(graph, { threads: 1, optimize: 'disabled' });
  try {
    const found = await session.run(
      Object.fromEntries(Object.entries(feeds).map(([name, told]) => [name, tensor(told)])),
    );
    return session.outputs.map((name) => floats(found[name].dims, asFloats(found[name])));
  } finally {
    await session.close();
  }
}

describe('raiseOpset', () => {
  it.each(cases.map((entry) => [entry.name, entry] as const))(
    '%s computes in operator set 11 what it did',
    async (name, { model, feeds, outputs }) => {
      const raised = parseModel(Buffer.from(model, 'base64'), name);
      const from = raised.opset;
      prepare(raised);
      expect([from < 11, raised.opset]).toEqual([true, 11]);
      expect(raised.context.notes[0]).toBe(
        `the model is of operator set ${from}: it is read, and written, as one of 11`,
      );
      const found = await outputsOf(parseModel(serializeModel(raised)), feeds);
      expect(found).toHaveLength(outputs.length);
      found.forEach((value, at) => expect(distance(value, tensor(outputs[at]))).toBeLessThan(1e-6));
    },
  );

  const node = (fields: Partial<NodeFields> & Pick<NodeFields, 'op'>) =>
    modelOf(
      ['x', [2, 3, 4, 5]],
      [{ name: 'it', inputs: ['x'], outputs: ['y'], ...fields }],
      ['y'],
      { mixed: floats([4], [1, 1, 2, 0.5]), k: floats([4], [1, 1, 2, 2]), w: randoms([3, 4, 5], 1) },
      8,
    );

  it.each<[string, Partial<NodeFields> & Pick<NodeFields, 'op'>, number, RegExp]>([
    [
      'a Resize that makes some axes larger and others smaller',
      { op: 'Resize', inputs: ['x', 'mixed'] },
      10,
      /^node it \(Resize\) of operator set 10 can't be raised to 11: it makes some axes larger and others smaller; convert the model \(onnx\.version_converter/,
    ],
    ['a Resize by computed scales', { op: 'Resize', inputs: ['x', 'x'] }, 10, /its scales are computed/],
    ['a Scan over samples', { op: 'Scan' }, 8, /scans each sample of a batch on its own/],
    [
      'statistics of a BatchNormalization',
      { op: 'BatchNormalization', inputs: ['x', 'w', 'w', 'w', 'w'], outputs: ['z', 'y'] },
      7,
      /it gives statistics, as in training/,
    ],
    ['the mask of a Dropout', { op: 'Dropout', outputs: ['z', 'y'] }, 9, /its mask is read/],
  ])('refuses %s by its name', (_, fields, opset, message) => {
    const graph = node(fields);
    graph.model.opsetImport[0].version = BigInt(opset);
    expect(() => raiseOpset(graph)).toThrow(EngineError);
    graph.model.opsetImport[0].version = BigInt(opset);
    expect(() => raiseOpset(graph)).toThrow(message);
  });

  it('leaves a model of operator set 11 or newer as it is', () => {
    const graph = node({ op: 'Relu' });
    graph.model.opsetImport[0].version = 11n;
    const before = serializeModel(graph);
    raiseOpset(graph);
    expect([serializeModel(graph), graph.context.notes]).toEqual([before, []]);
  });
});
