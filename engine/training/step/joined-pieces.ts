import { create } from '@bufbuild/protobuf';

import { declare } from '../../onnx/extract';
import { Graph } from '../../onnx/graph';
import { GraphProtoSchema, ModelProtoSchema, type ValueInfoProto } from '../../onnx/proto/onnx_pb';
import { encodeTensor } from '../../onnx/tensor-proto';
import { Builder } from '../emit/builder';
import { type PiecewiseStep, pieceNames } from './micro';
import { names, type SampleInput, type TrainingStep } from './step';
import { makeLoop, renamed } from '../emit/subgraph';

/** Prefixes names inside the loop, so that none is that of a value outside. */
const inner = (name: string) => `piece/${name}`;
/** Name of what the pieces have changed, as the update reads it. */
const moved = (name: string) => `moved/${name}`;

/**
 * Joins a step in pieces into one graph: an ONNX Loop cuts the batch and runs `accumulate` on each piece, followed by
 * `update`. Inputs and outputs are those of a whole step, except for the input `pieceNames.share`, [pieces], and the
 * loss, which is output per piece.
 * @param size samples per piece; the last may have fewer
 */
export function joinedPieces(
  { accumulate, update, read, moved: statistics }: PiecewiseStep,
  step: Pick<TrainingStep, 'samples' | 'labels' | 'vectors' | 'parameters' | 'model'>,
  size: number,
): Graph {
  const { graph: ofPiece, ...model } = accumulate.model;
  const carried = [
    { input: pieceNames.gradients, output: pieceNames.nextGradients, begins: 'batch/zeros' },
    ...statistics.map(({ input, output }) => ({ input, output, begins: input })),
  ];
  // What no piece changes is read from outside the loop.
  const kept = new Set(
    read.map(({ input }) => input).filter((name) => !carried.some(({ input }) => input === name)),
  );
  const body = renamed(ofPiece!, (name) => (kept.has(name) ? name : inner(name)));
  const cut = cutting([...step.samples, ...(step.labels ? [{ name: names.labels, axis: 0 }] : [])], size);
  const declared = (values: readonly ValueInfoProto[], name: string) =>
    values.find((value) => value.name === inner(name))!;
  const loop = makeLoop(
    'Loop',
    {
      inputs: ['batch/pieces', '', ...carried.map(({ begins }) => begins)],
      outputs: [...carried.map(({ input }) => moved(input)), names.loss],
    },
    create(GraphProtoSchema, {
      name: 'piece',
      node: [...cut.nodes, ...body.node],
      initializer: [
        ...body.initializer,
        ...[...cut.initializers].map(([name, tensor]) => encodeTensor(name, tensor)),
      ],
      input: [
        declare(number, [], 'int64'),
        declare(goesOn, [], 'bool'),
        ...carried.map(({ input }) => declared(body.input, input)),
      ],
      output: [
        declare(`${goesOn} still`, [], 'bool'),
        ...carried.map(({ output }) => declared(body.output, output)),
        declared(body.output, names.loss),
      ],
    }),
  );

  const changed = new Set(carried.map(({ input }) => input));
  const updating = renamed(update.model.graph!, (name) => (changed.has(name) ? moved(name) : name));
  const whole = step.model.model.graph!;
  const begin = new Builder(accumulate.opset, 'batch');
  begin.op('Size', [pieceNames.share], {}, 'batch/pieces');
  const length = begin.ints([step.parameters.size]);
  begin.op('ConstantOfShape', [length], {}, 'batch/zeros');
  return new Graph(
    create(ModelProtoSchema, {
      ...model,
      graph: create(GraphProtoSchema, {
        name: 'step in pieces',
        node: [...begin.nodes, loop, ...updating.node],
        initializer: [
          ...updating.initializer,
          ...[...begin.initializers].map(([name, tensor]) => encodeTensor(name, tensor)),
        ],
        input: [...whole.input, declare(pieceNames.share, ['pieces'])],
        output: whole.output.map((value) =>
          value.name === names.loss ? declare(names.loss, ['pieces']) : value,
        ),
      }),
    }),
    accumulate.context,
  );
}

const [number, goesOn] = ['piece/number', 'piece/goes on'];

/** Emits the cutting of a piece's samples, labels and share out of the batch's, by the piece's number. */
function cutting(values: readonly SampleInput[], size: number): Builder {
  const builder = new Builder(13, 'piece/cut');
  const start = builder.op('Mul', [builder.reshape(number, [1]), builder.ints([size])]);
  const end = builder.op('Add', [start, builder.ints([size])]);
  for (const { name, axis } of values) {
    if (axis === undefined) builder.op('Identity', [name], {}, inner(name));
    else builder.op('Slice', [name, start, end, builder.ints([axis])], {}, inner(name));
  }
  builder.op('Gather', [pieceNames.share, number], { axis: 0 }, inner(pieceNames.share));
  builder.op('Identity', [goesOn], {}, `${goesOn} still`);
  return builder;
}
