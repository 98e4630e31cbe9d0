import { Random } from '../../../../engine/data/random';
import { declare } from '../../../../engine/onnx/extract';
import type { Graph } from '../../../../engine/onnx/graph';
import type { AttributeValue } from '../../../../engine/onnx/node-attributes';
import { floats, type FloatTensor, sizeOf, type Tensor } from '../../../../engine/tensor/tensor';
import { Session } from '../../../../engine/runtime/session';
import { backward } from '../../../../engine/training/gradients/backward';
import { Builder } from '../../../../engine/training/emit/builder';
import { modelOf } from '../../../support/graphs';

/**
 * Distribution of values: `normal`; `positive`, from 0.5 to 2; `stepped`, from the odd eighths between -4 and 4, away
 * from the places where piecewise functions bend; `apart`, all different by a quarter and more, so that no maximum is
 * near another.
 */
export type Values = 'normal' | 'positive' | 'stepped' | 'apart';

/** A node whose gradients are to be compared with differences. */
export interface Example {
  readonly op: string;
  /** The node's inputs in order: what it is differentiated by, constants, and undefined for one left out. */
  readonly inputs: readonly (
    { readonly dims: readonly number[]; readonly values: Values } | Tensor | undefined
  )[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly outputs?: number;
  readonly opset?: number;
  readonly seed: number;
}

const draw: Readonly<Record<Values, (random: Random, size: number) => number[]>> = {
  normal: (random, size) =>
    Array.from(
      { length: size },
      () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next()),
    ),
  positive: (random, size) => Array.from({ length: size }, () => 0.5 + 1.5 * random.next()),
  stepped: (random, size) => Array.from({ length: size }, () => Math.floor(32 * random.next()) / 4 - 3.875),
  apart: (random, size) => {
    const order = Array.from({ length: size }, (_, at) => ({ at, key: random.next() }));
    return order.sort((a, b) => a.key - b.key).map(({ at }) => (at - size / 2) / 4 + 0.125);
  },
};

const uniform = (random: Random, size: number) => Array.from({ length: size }, () => 2 * random.next() - 1);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, at) => sum + value * b[at], 0);

/** Half the distance of the two points that a difference is taken between; inputs move by twice that at most. */
const reach = 1 / 64;

/**
 * The slope of sum(y · cotangent) along a random direction of all inputs: by the gradients that the table gives, and by
 * central differences at two distances, extrapolated (Richardson), which leaves an error of the fourth order.
 * @returns both, and a scale to compare them by: the sum of the absolute terms of the first.
 */
export async function slopes(example: Example): Promise<{ given: number; measured: number; scale: number }> {
  const random = new Random(example.seed);
  const { graph, starts } = modelFor(example, random);
  const outputs = graph.outputs.map(({ name }) => name);
  const forward = await Session.open(graph, { threads: 1, optimize: 'disabled' });
  try {
    const run = (points: ReadonlyMap<string, FloatTensor>) => forward.run(Object.fromEntries(points));
    const ys = await run(starts);
    const cotangents = new Map(
      outputs.map((name) => [name, floats(ys[name].dims, uniform(random, sizeOf(ys[name].dims)))]),
    );
    const directions = new Map([...starts].map(([name, { dims }]) => [name, uniform(random, sizeOf(dims))]));
    const at = async (distance: number) => {
      const moved = [...starts].map(([name, { dims, data }]): [string, FloatTensor] => [
        name,
        floats(
          dims,
          data.map((value, index) => value + distance * directions.get(name)![index]),
        ),
      ]);
      const results = await run(new Map(moved));
      return outputs.reduce(
        (sum, name) => sum + dot(results[name].data as Float32Array, cotangents.get(name)!.data),
        0,
      );
    };
    const slope = async (distance: number) => ((await at(distance)) - (await at(-distance))) / (2 * distance);
    const measured = (4 * (await slope(reach)) - (await slope(2 * reach))) / 3;
    const found = await gradientsOf(graph, starts, cotangents);
    const terms = [...found].map(([name, gradient]) => [gradient.data, directions.get(name)!] as const);
    const given = terms.reduce((sum, [gradient, direction]) => sum + dot(gradient, direction), 0);
    const scale = terms.reduce(
      (sum, [gradient, direction]) => sum + dot(gradient.map(Math.abs), direction.map(Math.abs)),
      0,
    );
    return { given, measured, scale };
  } finally {
    await forward.close();
  }
}

/** A model of the example's node, and where it is differentiated. */
function modelFor({ op, inputs, attributes, outputs = 1, opset = 21 }: Example, random: Random) {
  const names = inputs.map((input, at) => (input ? `x${at}` : ''));
  const results = Array.from({ length: outputs }, (_, at) => `y${at}`);
  const starts = new Map<string, FloatTensor>();
  const constants: Record<string, Tensor> = {};
  inputs.forEach((input, at) => {
    if (!input) return;
    if ('type' in input) constants[names[at]] = input;
    else starts.set(names[at], floats(input.dims, draw[input.values](random, sizeOf(input.dims))));
  });
  const graph = modelOf(
    ['x', []],
    [{ op, inputs: names, outputs: results, attributes }],
    ['y'],
    constants,
    opset,
  );
  graph.setInterface(
    [...starts].map(([name, { dims }]) => declare(name, dims)),
    results.map((name) => declare(name)),
  );
  return { graph, starts };
}

async function gradientsOf(
  graph: Graph,
  starts: ReadonlyMap<string, FloatTensor>,
  cotangents: ReadonlyMap<string, FloatTensor>,
): Promise<Map<string, FloatTensor>> {
  const builder = new Builder(graph.opset);
  for (const name of graph.initializers) builder.constant(graph.constant(name)!, name);
  builder.nodes.push(...graph.nodes);
  const tensors = new Map([...starts, ...cotangents]);
  const shapeOf = (value: string) => (tensors.get(value) ?? graph.constant(value))?.dims ?? [];
  const seeds = new Map([...cotangents.keys()].map((name) => [name, `cotangent of ${name}`]));
  const found = backward(builder, { graph, nodes: graph.nodes, shapeOf }, seeds, starts.keys());
  const wanted = [...starts.keys()].filter((name) => found.has(name));
  wanted.forEach((name) => builder.op('Identity', [found.get(name)!], {}, `d${name}`));
  if (!wanted.length) return new Map();
  const feeds = new Map([
    ...starts,
    ...[...cotangents].map(([name, value]) => [seeds.get(name)!, value] as const),
  ]);
  const built = builder.build({
    irVersion: 10n,
    opsets: graph.model.opsetImport,
    inputs: [...feeds].map(([name, { dims }]) => declare(name, dims)),
    outputs: wanted.map((name) => declare(`d${name}`, starts.get(name)!.dims)),
  });
  const session = await Session.open(built, { threads: 1, optimize: 'disabled' });
  try {
    const results = await session.run(Object.fromEntries(feeds));
    return new Map(wanted.map((name) => [name, results[`d${name}`] as FloatTensor]));
  } finally {
    await session.close();
  }
}
