import type { NodeFields } from '../../../engine/onnx/graph';
import { layersOf } from '../../../engine/onnx/layers';
import { inferShapes } from '../../../engine/onnx/shapes';
import { foldComputedShapes } from '../../../engine/runtime/fold-computed-shapes';
import { measureUnknownShapes } from '../../../engine/runtime/measured-shapes';
import { floats, int64s } from '../../../engine/tensor/tensor';
import { distance, modelOf, randoms, runOnce } from '../../support/graphs';

const image = ['batch', 3, 8, 8];
const constants = {
  w: randoms([4, 3, 3, 3], 1),
  fc: randoms([144, 5], 2),
  two: floats([1], [2]),
  half: floats([1], [0.5]),
  axes: int64s([1]),
  places: int64s([2, 6]),
  zeros: int64s([0, 0, 0, 0, 0, 0, 0, 0]),
  ones: int64s([1, 1]),
  first: int64s([0]),
};
/** 144 = (12 ** 2) ** (2 / 2), by arithmetic that shape inference does not follow. */
const powers: NodeFields[] = [
  { op: 'Conv', name: 'conv', inputs: ['x', 'w'], outputs: ['c'] },
  { op: 'Shape', inputs: ['c'], outputs: ['shape'], attributes: { start: 1 } },
  { op: 'ReduceProd', inputs: ['shape'], outputs: ['size'], attributes: { keepdims: 1 } },
  { op: 'Cast', inputs: ['size'], outputs: ['float'], attributes: { to: 1 } },
  { op: 'Pow', inputs: ['float', 'half'], outputs: ['root'] },
  { op: 'Pow', inputs: ['root', 'two'], outputs: ['square'] },
  { op: 'Cast', inputs: ['square'], outputs: ['columns'], attributes: { to: 7 } },
  { op: 'Shape', inputs: ['x'], outputs: ['rows'], attributes: { end: 1 } },
  { op: 'Concat', inputs: ['rows', 'columns'], outputs: ['to'], attributes: { axis: 0 } },
  { op: 'Reshape', inputs: ['c', 'to'], outputs: ['f'] },
  { op: 'MatMul', name: 'fc', inputs: ['f', 'fc'], outputs: ['y'] },
];
/** Pads put together by a scatter. */
const scattered: NodeFields[] = [
  { op: 'ScatterElements', inputs: ['zeros', 'places', 'ones'], outputs: ['pads'] },
  { op: 'Shape', inputs: ['x'], outputs: ['s'] },
  { op: 'Size', inputs: ['s'], outputs: ['rank'] },
  { op: 'Sub', inputs: ['rank', 'rank'], outputs: ['nothing'] },
  { op: 'Add', inputs: ['pads', 'nothing'], outputs: ['all'] },
  { op: 'Pad', inputs: ['x', 'all'], outputs: ['p'] },
  { op: 'Conv', name: 'conv', inputs: ['p', 'w'], outputs: ['y'] },
];
const used = (nodes: readonly NodeFields[]) =>
  Object.fromEntries(
    Object.entries(constants).filter(([name]) => nodes.some(({ inputs }) => inputs.includes(name))),
  );

it.each([
  ['a target', powers],
  ['pads', scattered],
] as const)('folds %s that only ONNX Runtime computes, for every batch', async (_, nodes) => {
  const graph = modelOf(['x', image], nodes, ['y'], used(nodes));
  const images = randoms([5, 3, 8, 8], 3);
  const wanted = await runOnce(graph, images);
  await foldComputedShapes(graph);
  expect(graph.nodes.map(({ opType }) => opType)).not.toContain('Shape');
  expect(distance(await runOnce(graph, images), wanted)).toBe(0);
  expect(inferShapes(graph).get('y')?.[0]).toBe('batch');
});

it('leaves a size that depends on data as it is', async () => {
  const nodes: NodeFields[] = [
    { op: 'NonZero', inputs: ['x'], outputs: ['n'] },
    { op: 'Shape', inputs: ['n'], outputs: ['s'], attributes: { start: 1 } },
    { op: 'ConstantOfShape', inputs: ['s'], outputs: ['y'] },
  ];
  const graph = modelOf(['x', image], nodes, ['y'], {});
  await foldComputedShapes(graph);
  expect(graph.nodes).toHaveLength(3);
});

it('counts layers after such arithmetic in a model of open sizes, which keeps it', async () => {
  const graph = modelOf(['x', ['batch', 3, 'h', 'w']], powers, ['y'], used(powers));
  graph.context = { ...graph.context, inputSizes: new Map([['x', [1, 3, 8, 8]]]) };
  await foldComputedShapes(graph);
  await measureUnknownShapes(graph);
  expect(graph.nodes).toHaveLength(powers.length);
  expect(layersOf(graph).map(({ macs }) => macs)).toEqual([4 * 27 * 36, 144 * 5]);
});
