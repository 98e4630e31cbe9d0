import { dropIdentities } from '../../../engine/onnx/rewrites/drop-identities';
import { floats } from '../../../engine/tensor/tensor';
import { Network, ones } from './network';

/** Networks of one idea each: how they are built, and the groups they have as name → channels. */
export const networks: Record<
  string,
  [build: () => ReturnType<Network['graph']>, groups: Record<string, number>]
> = {
  'a residual block: the skip ties what its convolutions make': [
    () => {
      const net = new Network();
      const a = net.relu(net.conv('x', 3, 6, { name: 'a' }));
      const b = net.relu(net.conv(a, 6, 5, { name: 'b' }));
      const c = net.conv(b, 5, 6, { name: 'c' });
      return net.graph(net.head(net.relu(net.op('Add', [a, c])), 6));
    },
    { b: 6, c: 5 },
  ],
  'concatenated branches: each is its own part of the next input': [
    () => {
      const net = new Network();
      const [a, b] = [net.conv('x', 3, 4, { name: 'a' }), net.conv('x', 3, 6, { name: 'b' })];
      return net.graph(net.head(net.conv(net.op('Concat', [a, b], { axis: 1 }), 10, 4, { name: 'c' }), 4));
    },
    { 'c[0-3]': 4, 'c[4-9]': 6, head: 4 },
  ],
  'a channel shuffle, its parts of different destinations': [
    () => {
      const net = new Network();
      const [a, b] = [net.conv('x', 3, 4), net.conv('x', 3, 4)];
      const both = net.op('Concat', [a, b], { axis: 1 });
      const parts = net.op('Reshape', [both, net.ints(0, 2, 4, 8, 8)]);
      const turned = net.op('Transpose', [parts], { perm: [0, 2, 1, 3, 4] });
      const mixed = net.op('Reshape', [turned, net.ints(-1, 8, 8, 8)]);
      net.nodes.push({
        op: 'Split',
        inputs: [mixed, net.ints(4, 4)],
        outputs: ['left', 'right'],
        attributes: { axis: 1 },
      });
      const c = net.conv(net.conv('right', 4, 4, { group: 4, name: 'depthwise' }), 4, 4, { name: 'c' });
      return net.graph(net.head(net.op('Concat', ['left', c], { axis: 1 }), 8));
    },
    { c: 2, 'head[0-3]': 2, 'head[4-7]': 4 },
  ],
  'squeeze and excite with a gate that is broadcast': [
    () => {
      const net = new Network();
      const a = net.conv('x', 3, 6, { name: 'a' });
      const pooled = net.op('ReduceMean', [a, net.ints(2, 3)]);
      const squeezed = net.relu(net.conv(pooled, 6, 4, { size: 1, name: 'squeeze' }));
      const gate = net.op('Sigmoid', [net.conv(squeezed, 4, 6, { size: 1, name: 'excite' })]);
      return net.graph(net.head(net.op('Mul', [a, gate]), 6));
    },
    { squeeze: 6, excite: 4 },
  ],
  'a grouped convolution of wide groups: each group loses the same channels': [
    () => {
      const net = new Network();
      const a = net.conv('x', 3, 8);
      return net.graph(net.head(net.conv(a, 8, 12, { group: 2, name: 'grouped' }), 12));
    },
    { grouped: 4, head: 6 },
  ],
  'a grouped convolution of many groups: whole groups go': [
    () => {
      const net = new Network();
      const a = net.conv('x', 3, 8);
      return net.graph(net.head(net.conv(a, 8, 16, { group: 4, name: 'grouped' }), 16));
    },
    { head: 4 },
  ],
  'depthwise with two filters a channel': [
    () => {
      const net = new Network();
      const a = net.conv('x', 3, 4);
      return net.graph(net.head(net.relu(net.conv(a, 4, 8, { group: 4 })), 8));
    },
    { head: 4 },
  ],
  'group normalization as exporters write it: whole groups go': [
    () => {
      const net = new Network();
      const a = net.conv('x', 3, 12, { name: 'a' });
      const parts = net.op('Reshape', [a, net.ints(0, 4, -1)]);
      const normal = net.op('InstanceNormalization', [parts, net.constant(ones(4)), net.random(4)]);
      const back = net.op('Reshape', [normal, net.op('Shape', [a])]);
      const scaled = net.op('Mul', [back, net.random(12, 1, 1)]);
      const b = net.conv(net.relu(net.op('Add', [scaled, net.random(12, 1, 1)])), 12, 5, { name: 'b' });
      return net.graph(net.head(b, 5));
    },
    { b: 4, head: 5 },
  ],
  'GroupNormalization with parameters a channel, in a residual block': [
    () => {
      const net = new Network(1, ['batch', 3, 8, 8], 21);
      const normal = (x: string, groups: number) =>
        net.op('GroupNormalization', [x, net.random(12), net.random(12)], { num_groups: groups });
      const a = net.relu(normal(net.conv('x', 3, 12, { name: 'a' }), 6));
      const b = normal(net.conv(a, 12, 12, { name: 'b' }), 4);
      return net.graph(net.head(net.op('Add', [a, b]), 12));
    },
    // Groups of 2 and of 3 are tied where they overlap: 6 channels go together.
    { b: 2 },
  ],
  'GroupNormalization with parameters a group': [
    () => {
      const net = new Network();
      const parameters = [net.random(3), net.random(3)];
      const a = net.op('GroupNormalization', [net.conv('x', 3, 12), ...parameters], { num_groups: 3 });
      return net.graph(net.head(net.conv(a, 12, 4, { name: 'b' }), 4));
    },
    { b: 3, head: 4 },
  ],
  'Flatten before Gemm: a channel is a stretch of inputs': [
    () => {
      const net = new Network();
      const a = net.op('MaxPool', [net.conv('x', 3, 4)], { kernel_shape: [4, 4], strides: [4, 4] });
      return net.graph(net.op('Gemm', [net.op('Flatten', [a]), net.random(16, 3)], {}, 'fc'));
    },
    { fc: 4 },
  ],
  'NHWC transposes around convolutions, the bias by Add, a MatMul head': [
    () => {
      const net = new Network(1, ['batch', 8, 8, 3]);
      const conv = (x: string, from: number, to: number, name: string) => {
        const first = net.op('Transpose', [x], { perm: [0, 3, 1, 2] });
        const y = net.op('Conv', [first, net.random(to, from, 1, 1)], {}, name);
        return net.relu(net.op('Add', [net.op('Transpose', [y], { perm: [0, 2, 3, 1] }), net.random(to)]));
      };
      const y = net.op('ReduceMean', [conv(conv('x', 3, 4, 'a'), 4, 6, 'b'), net.ints(1, 2)], {
        keepdims: 0,
      });
      return net.graph(net.op('Add', [net.op('MatMul', [y, net.random(6, 3)], {}, 'fc'), net.random(3)]));
    },
    { b: 4, fc: 6 },
  ],
  'weights on the left of channels, and of positions': [
    () => {
      const net = new Network();
      const line = net.op('Reshape', [net.conv('x', 3, 6), net.ints(0, 6, 64)]);
      const a = net.op('Add', [net.op('MatMul', [net.random(5, 6), line], {}, 'a'), net.random(5, 1)]);
      const b = net.op('MatMul', [net.random(4, 5), net.relu(a)], {}, 'b');
      const turned = net.op('Transpose', [b], { perm: [0, 2, 1] });
      const mixed = net.op('MatMul', [net.random(3, 64), turned], {}, 'mixed');
      return net.graph(net.op('MatMul', [mixed, net.random(4, 2)], {}, 'c'));
    },
    { a: 6, b: 5, c: 4 },
  ],
  'a shortcut padded with zero channels': [
    () => {
      const net = new Network();
      const a = net.relu(net.conv('x', 3, 4, { name: 'a' }));
      const b = net.conv(a, 4, 8, { name: 'b' });
      const wide = net.op('Pad', [a, net.ints(0, 2, 0, 0, 0, 2, 0, 0)]);
      return net.graph(net.head(net.op('Add', [wide, b]), 8));
    },
    { b: 4, 'head[0-7]': 4 },
  ],
  'transposed convolutions, depthwise and grouped ones among them': [
    () => {
      const net = new Network();
      const up = (x: string, channels: number, each: number, group: number, name: string) =>
        net.op(
          'ConvTranspose',
          [x, net.random(channels, each, 2, 2), net.random(each * group)],
          { group, strides: [2, 2] },
          name,
        );
      const a = net.conv('x', 3, 6, { name: 'a' });
      const b = up(up(a, 6, 1, 6, 'depthwise'), 6, 4, 1, 'whole');
      return net.graph(
        net.head(net.relu(up(b, 4, 3, 1, 'c')), 3),
        net.head(up(a, 6, 4, 2, 'halves'), 8, 'other'),
      );
    },
    { whole: 3, c: 4, head: 3, other: 4 },
  ],
  'attention over positions, of values before it': [
    () => {
      const net = new Network();
      const a = net.relu(net.conv('x', 3, 8));
      const flat = (name: string, channels: number) =>
        net.op('Reshape', [net.conv(a, 8, channels, { name, size: 1 }), net.ints(0, channels, 64)]);
      const turned = (x: string) => net.op('Transpose', [x], { perm: [0, 2, 1] });
      const map = net.op('Softmax', [net.op('MatMul', [turned(flat('q', 4)), flat('k', 4)])], { axis: -1 });
      const mixed = net.op('MatMul', [flat('v', 6), turned(map)]);
      const image = net.op('Reshape', [mixed, net.ints(0, 6, 8, 8)]);
      return net.graph(net.head(net.relu(net.conv(image, 6, 5, { name: 'o' })), 5));
    },
    { q: 8, o: 6, head: 5 },
  ],
  'attention over positions, of the values after it': [
    () => {
      const net = new Network();
      const a = net.relu(net.conv('x', 3, 8));
      const flat = (name: string, channels: number) =>
        net.op('Reshape', [net.conv(a, 8, channels, { name, size: 1 }), net.ints(0, channels, 64)]);
      const turned = (x: string) => net.op('Transpose', [x], { perm: [0, 2, 1] });
      const map = net.op('Softmax', [net.op('MatMul', [turned(flat('q', 4)), flat('k', 4)])], { axis: -1 });
      const mixed = turned(net.op('MatMul', [map, turned(flat('v', 6))]));
      const image = net.op('Reshape', [mixed, net.ints(0, 6, 8, 8)]);
      return net.graph(net.head(net.relu(net.conv(image, 6, 5, { name: 'o' })), 5));
    },
    { q: 8, o: 6, head: 5 },
  ],
  'places sampled from an image, told by channels of another': [
    () => {
      const net = new Network();
      const a = net.conv('x', 3, 6, { name: 'a' });
      const places = net.op('Transpose', [net.op('Tanh', [net.conv(a, 6, 2, { name: 'where' })])], {
        perm: [0, 2, 3, 1],
      });
      const b = net.op('GridSample', [net.conv(a, 6, 8), places]);
      const rois = [net.constant(floats([2, 4], Float32Array.of(0, 0, 4, 4, 2, 2, 8, 8))), net.ints(0, 1)];
      const cut = net.op('RoiAlign', [net.conv(b, 8, 5, { name: 'b' }), ...rois], {
        output_height: 2,
        output_width: 2,
      });
      return net.graph(net.op('Gemm', [net.op('Flatten', [cut]), net.random(20, 3)], {}, 'fc'));
    },
    { where: 6, b: 8, fc: 5 },
  ],
  'channels to space and back': [
    () => {
      const net = new Network();
      const a = net.op('DepthToSpace', [net.conv('x', 3, 16)], { blocksize: 2 });
      const b = net.op('DepthToSpace', [net.conv(a, 4, 12, { name: 'b' })], { blocksize: 2, mode: 'CRD' });
      const c = net.op('SpaceToDepth', [net.conv(b, 3, 4, { name: 'c' })], { blocksize: 2 });
      return net.graph(net.head(c, 16));
    },
    { b: 4, c: 3, head: 4 },
  ],
  'slices, gathers and a constant joined to channels': [
    () => {
      const net = new Network();
      const a = net.conv('x', 3, 8);
      const first = net.op('Slice', [a, net.ints(0), net.ints(4), net.ints(1)]);
      const picked = net.op('Gather', [a, net.ints(7, 4, 5)], { axis: 1 });
      const moved = net.op('Add', [first, net.random(4, 8, 8)]);
      const wide = net.op('Concat', [moved, net.random(2, 2, 8, 8), picked], { axis: 1 });
      return net.graph(net.head(wide, 9));
    },
    { 'head[0-3]': 4, 'head[6-8]': 3 },
  ],
  'normalizations and parameters that an optimizer merged': [
    () => {
      const net = new Network();
      const shared = net.random(6);
      const norm = (x: string) =>
        net.op('BatchNormalization', [x, shared, shared, shared, net.constant(ones(6))]);
      const a = net.relu(norm(net.conv('x', 3, 6)));
      const b = net.op('PRelu', [norm(net.conv(a, 6, 6, { name: 'b' })), net.random(6, 1, 1)]);
      const c = net.op('InstanceNormalization', [b, net.random(6), net.random(6)]);
      return net.graph(net.head(net.op('Clip', [net.op('Mul', [c, net.random(1, 6, 1, 1)])]), 6));
    },
    { b: 6, head: 6 },
  ],
  'one weight at two scales': [
    () => {
      const net = new Network();
      const a = net.conv('x', 3, 6, { name: 'a' });
      const b = net.conv(a, 6, 6, { name: 'b' });
      const [w, bias, v] = [net.random(4, 6, 3, 3), net.random(4), net.random(2, 4, 1, 1)];
      const tower = (x: string) => net.op('Conv', [net.op('Conv', [x, w, bias]), v]);
      return net.graph(tower(a), tower(b));
    },
    { b: 6, Conv9: 4 },
  ],
  'tensors filled after the shape of channels': [
    () => {
      const net = new Network();
      const a = net.conv('x', 3, 4);
      const shape = net.op('Shape', [a]);
      const zeros = net.op('ConstantOfShape', [shape]);
      const half = net.op('Expand', [net.random(1), shape]);
      return net.graph(net.head(net.op('Concat', [net.op('Mul', [a, half]), zeros], { axis: 1 }), 8));
    },
    { 'head[0-3]': 4 },
  ],
  'shapes computed while running': [
    () => {
      const net = new Network();
      const a = net.conv('x', 3, 8);
      const at = (index: number) => net.op('Gather', [net.op('Shape', [a]), net.ints(index)]);
      const half = net.op('Div', [at(1), net.ints(2)]);
      const parts = net.op('Concat', [at(0), net.ints(2), half, at(2), at(3)], { axis: 0 });
      const turned = net.op('Transpose', [net.op('Reshape', [a, parts])], { perm: [0, 2, 1, 3, 4] });
      const back = net.op('Concat', [at(0), at(1), at(2), at(3)], { axis: 0 });
      return net.graph(net.head(net.op('Reshape', [turned, back]), 8));
    },
    { head: 4 },
  ],
  'parameters that begin equal, shared by Identity': [
    () => {
      const net = new Network();
      const [weight, bias] = [net.random(4, 4, 3, 3), net.random(4)];
      const conv = (x: string, name: string) => {
        const own = [weight, bias].map((shared) => net.op('Identity', [shared]));
        return net.relu(net.op('Conv', [x, ...own], { pads: [1, 1, 1, 1] }, name));
      };
      const graph = net.graph(net.head(conv(conv(conv(net.conv('x', 3, 4), 'a'), 'b'), 'c'), 4));
      dropIdentities(graph);
      return graph;
    },
    { a: 4, b: 4, c: 4, head: 4 },
  ],
  'one-dimensional convolutions and their sequence': [
    () => {
      const net = new Network(1, ['batch', 3, 12]);
      const a = net.relu(net.op('Conv', ['x', net.random(6, 3, 3)]));
      const b = net.op('Conv', [a, net.random(4, 6, 3)], {}, 'b');
      const turned = net.op('Transpose', [b], { perm: [0, 2, 1] });
      return net.graph(net.op('MatMul', [turned, net.random(4, 5)], {}, 'fc'));
    },
    { b: 6, fc: 4 },
  ],
};
