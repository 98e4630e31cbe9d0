import { parseModel } from '../../../../engine/onnx/model';
import { backward } from '../../../../engine/training/gradients/backward';
import { Builder } from '../../../../engine/training/emit/builder';
import { gradients } from '../../../../engine/training/gradients/table';
import { trainingFormOf } from '../../../../engine/training/gradients/norm';
import { lowerToBlocks } from '../../../../engine/training/lowering/blocked';
import { probeBlock } from '../../../../engine/training/lowering/probe';
import { declare } from '../../../../engine/onnx/extract';
import { Session } from '../../../../engine/runtime/session';
import type { Tensor } from '../../../../engine/tensor/tensor';
import { distance, floatsOf, goldenTensors } from '../support';

/** Runs a one-node model and the gradients of sum(y · cotangent) by its inputs. */
async function differentiate(golden: Map<string, Tensor>, block: number | undefined) {
  const graph = parseModel(golden.get('model')!.data as Uint8Array);
  const builder = new Builder(graph.opset, undefined, block !== undefined);
  for (const name of graph.initializers) builder.constant(graph.constant(name)!, name);
  const dims = new Map([...golden].map(([name, tensor]) => [name, tensor.dims]));
  const shapeOf = (value: string) => dims.get(value) ?? graph.constant(value)?.dims ?? [];
  const [node] = graph.nodes;
  const form = trainingFormOf(node);
  const saved = form
    ? form({ builder, node, shapeOf, statistic: (value) => value, update: () => undefined })
    : (builder.nodes.push(node), {});
  const inputs = graph.inputs.map(({ name }) => name);
  const outputs = graph.outputs.map(({ name }) => name);
  const cotangentOf = (value: string) => `cotangent of ${value}`;
  const found = backward(
    builder,
    { graph, nodes: [node], shapeOf, saved: new Map([[node, saved]]) },
    new Map(outputs.map((value) => [value, cotangentOf(value)])),
    inputs,
  );
  for (const input of inputs) {
    // What nothing flows to has the gradient 0.
    const gradient = found.get(input) ?? builder.zeros(shapeOf(input));
    builder.op('Identity', [gradient], {}, `d${input}`);
  }
  const results = [...outputs, ...inputs.map((input) => `d${input}`)];
  if (block) {
    const dimsOf = (value: string) =>
      dims.get(value) ?? builder.shapes.get(value) ?? builder.rearranged.get(value)?.dims;
    lowerToBlocks(builder, { block, results, dimsOf });
  }
  const fed = [...inputs, ...outputs.map(cotangentOf)];
  const built = builder.build({
    irVersion: 8n,
    opsets: graph.model.opsetImport,
    inputs: fed.map((name) => declare(name, golden.get(name)!.dims)),
    outputs: results.map((name) => declare(name, golden.get(name)!.dims)),
  });
  const session = await Session.open(built, { threads: 1 });
  const feeds = Object.fromEntries(fed.map((name) => [name, golden.get(name)!]));
  const ran = await session.run(feeds);
  await session.close();
  return ran;
}

describe('gradients', () => {
  const cases = new Map([...goldenTensors('gradients.safetensors'), ...goldenTensors('rows.safetensors')]);

  test.each([...cases.keys()])('%s equals PyTorch', async (name) => {
    const golden = cases.get(name)!;
    const results = await differentiate(golden, undefined);
    for (const [value, tensor] of Object.entries(results)) {
      expect(tensor.dims).toEqual(golden.get(value)!.dims);
      const apart = distance(floatsOf(tensor), floatsOf(golden.get(value)));
      expect({ value, close: apart < 2e-5, apart }).toEqual({ value, close: true, apart });
    }
  });

  // Where the processor has no blocked layout, the trainer uses the plain one that the tests above cover.
  const convolutions = [...cases.keys()].filter((name) => /^Conv(Transpose)? /.test(name));
  test.each(convolutions)('%s equals PyTorch in blocks', async (name) => {
    const golden = cases.get(name)!;
    const results = await differentiate(golden, await probeBlock());
    for (const [value, tensor] of Object.entries(results)) {
      expect(tensor.dims).toEqual(golden.get(value)!.dims);
      const apart = distance(floatsOf(tensor), floatsOf(golden.get(value)));
      expect({ value, close: apart < 2e-5, apart }).toEqual({ value, close: true, apart });
    }
  });

  test('every row of the table has a case', () => {
    const covered = new Set([...cases.keys()].map((name) => name.split(' ')[0]));
    expect(Object.keys(gradients).filter((op) => !covered.has(op))).toEqual([]);
  });
});
