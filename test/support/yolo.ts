import type { Graph, NodeFields } from '../../engine/onnx/graph';
import { Random } from '../../engine/data/random';
import { floats, int64s, sizeOf, type Tensor } from '../../engine/tensor/tensor';
import { modelOf } from './graphs';

/** Versions of the network whose published tables of layers are below. */
export type YoloVersion = 'v8' | '11';

/** A network to build. */
export interface YoloSettings {
  readonly version: YoloVersion;
  readonly classes: number;
  /** Side of the input, a multiple of 32. */
  readonly side: number;
  /** Factor of all widths: 0.25 for the n models, the default. */
  readonly width?: number;
}

/** A value and its channels. */
interface Value {
  readonly name: string;
  readonly channels: number;
  readonly side: number;
}

/** Bins of each side's distribution (reg_max). */
const bins = 16;
/** Names of the decoder's constants, which compression must not change. */
export const decoderConstants = ['dfl.weight', 'anchors', 'strides'] as const;

/** Uniform numbers within ± `reach`: there are millions of them. */
function uniform(dims: readonly number[], seed: number, reach: number): Tensor {
  const random = new Random(seed);
  const data = new Float32Array(sizeOf(dims));
  for (let at = 0; at < data.length; at++) data[at] = reach * (2 * random.next() - 1);
  return floats(dims, data);
}

/** Nodes and random weights, as a fused export of PyTorch has them: every convolution with its bias and SiLU. */
class Emitter {
  readonly nodes: NodeFields[] = [];
  readonly constants: Record<string, Tensor> = {};

  op(
    op: string,
    name: string,
    inputs: readonly string[],
    attributes?: NodeFields['attributes'],
    outputs: readonly string[] = [name],
  ): string {
    this.nodes.push({ op, name, inputs, outputs, attributes });
    return outputs[0];
  }

  constant(name: string, value: Tensor): string {
    this.constants[name] = value;
    return name;
  }

  ints = (name: string, values: readonly number[]): string => this.constant(name, int64s(values));

  conv(
    name: string,
    x: Value,
    channels: number,
    { kernel = 1, stride = 1, groups = 1, act = true } = {},
  ): Value {
    const fanIn = (x.channels / groups) * kernel ** 2;
    const seed = this.nodes.length;
    // Activations then neither grow nor vanish from layer to layer.
    const reach = 2.4 / Math.sqrt(fanIn);
    this.constant(`${name}.weight`, uniform([channels, x.channels / groups, kernel, kernel], seed, reach));
    this.constant(`${name}.bias`, uniform([channels], seed + 1, 0.2));
    this.op('Conv', name, [x.name, `${name}.weight`, `${name}.bias`], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: Array<number>(4).fill((kernel - 1) / 2),
      group: groups,
    });
    const value = { name, channels, side: x.side / stride };
    if (!act) return value;
    this.op('Sigmoid', `${name}.sigmoid`, [name]);
    return { ...value, name: this.op('Mul', `${name}.act`, [name, `${name}.sigmoid`]) };
  }

  concat(name: string, parts: readonly Value[]): Value {
    const channels = parts.reduce((sum, part) => sum + part.channels, 0);
    this.op(
      'Concat',
      name,
      parts.map((part) => part.name),
      { axis: 1 },
    );
    return { name, channels, side: parts[0].side };
  }

  halves(name: string, x: Value): [Value, Value] {
    const half = x.channels / 2;
    const names = [`${name}.0`, `${name}.1`];
    this.op('Split', name, [x.name, this.ints(`${name}.sizes`, [half, half])], { axis: 1 }, names);
    return names.map((part) => ({ ...x, name: part, channels: half })) as [Value, Value];
  }

  add = (name: string, a: Value, b: Value): Value => ({ ...a, name: this.op('Add', name, [a.name, b.name]) });

  /** Two 3x3 convolutions, of which the first may narrow, and a shortcut. */
  bottleneck(name: string, x: Value, { narrow = 1, shortcut = true }): Value {
    const inner = this.conv(`${name}.cv1`, x, x.channels * narrow, { kernel: 3 });
    const outer = this.conv(`${name}.cv2`, inner, x.channels, { kernel: 3 });
    return shortcut ? this.add(`${name}.add`, x, outer) : outer;
  }

  /** C2f, and C3k2, which is the same around other blocks. */
  split(
    name: string,
    x: Value,
    channels: number,
    blocks: ((name: string, x: Value) => Value)[],
    e = 0.5,
  ): Value {
    const parts = [...this.halves(`${name}.split`, this.conv(`${name}.cv1`, x, 2 * channels * e))];
    blocks.forEach((block, at) => parts.push(block(`${name}.m.${at}`, parts.at(-1)!)));
    return this.conv(`${name}.cv2`, this.concat(`${name}.concat`, parts), channels);
  }

  c2f(name: string, x: Value, channels: number, count: number, shortcut: boolean): Value {
    const block = (own: string, value: Value) => this.bottleneck(own, value, { shortcut });
    return this.split(name, x, channels, Array<typeof block>(count).fill(block));
  }

  c3k2(name: string, x: Value, channels: number, deep: boolean, e = 0.5): Value {
    const block = (own: string, value: Value) =>
      deep ? this.c3k(own, value) : this.bottleneck(own, value, { narrow: 0.5 });
    return this.split(name, x, channels, [block], e);
  }

  private c3k(name: string, x: Value): Value {
    let inner = this.conv(`${name}.cv1`, x, x.channels / 2);
    for (const at of [0, 1]) inner = this.bottleneck(`${name}.m.${at}`, inner, {});
    const aside = this.conv(`${name}.cv2`, x, x.channels / 2);
    return this.conv(`${name}.cv3`, this.concat(`${name}.concat`, [inner, aside]), x.channels);
  }

  sppf(name: string, x: Value): Value {
    const parts = [this.conv(`${name}.cv1`, x, x.channels / 2)];
    for (const at of [0, 1, 2]) {
      const pooled = this.op('MaxPool', `${name}.m.${at}`, [parts.at(-1)!.name], {
        kernel_shape: [5, 5],
        strides: [1, 1],
        pads: [2, 2, 2, 2],
      });
      parts.push({ ...parts[0], name: pooled });
    }
    return this.conv(`${name}.cv2`, this.concat(`${name}.concat`, parts), x.channels);
  }

  /** C2PSA of one block: attention over all cells, and two pointwise convolutions, for half of the channels. */
  c2psa(name: string, x: Value): Value {
    const [aside, inner] = this.halves(`${name}.split`, this.conv(`${name}.cv1`, x, x.channels));
    const attended = this.add(`${name}.add`, inner, this.attention(`${name}.attn`, inner));
    const wide = this.conv(`${name}.ffn.0`, attended, 2 * inner.channels);
    const fed = this.conv(`${name}.ffn.1`, wide, inner.channels, { act: false });
    const whole = this.concat(`${name}.concat`, [aside, this.add(`${name}.add2`, attended, fed)]);
    return this.conv(`${name}.cv2`, whole, x.channels);
  }

  private attention(name: string, x: Value): Value {
    const heads = Math.max(1, Math.floor(x.channels / 64));
    const values = x.channels / heads;
    const keys = values / 2;
    const cells = x.side ** 2;
    const own = (part: string) => `${name}.${part}`;
    const qkv = this.conv(own('qkv'), x, x.channels + 2 * keys * heads, { act: false });
    const rows = this.ints(own('rows'), [-1, heads, 2 * keys + values, cells]);
    const parts = ['q', 'k', 'v'].map(own);
    this.op('Reshape', own('view'), [qkv.name, rows]);
    this.op(
      'Split',
      own('split'),
      [own('view'), this.ints(own('sizes'), [keys, keys, values])],
      { axis: 2 },
      parts,
    );
    const turned = { perm: [0, 1, 3, 2] };
    this.op('Transpose', own('q.t'), [own('q')], turned);
    this.op('MatMul', own('qk'), [own('q.t'), own('k')]);
    this.op('Mul', own('scaled'), [own('qk'), this.constant(own('scale'), floats([], [keys ** -0.5]))]);
    this.op('Softmax', own('softmax'), [own('scaled')], { axis: -1 });
    this.op('Transpose', own('weights'), [own('softmax')], turned);
    this.op('MatMul', own('mixed'), [own('v'), own('weights')]);
    const plane = this.ints(own('plane'), [-1, x.channels, x.side, x.side]);
    this.op('Reshape', own('back'), [own('mixed'), plane]);
    this.op('Reshape', own('v.back'), [own('v'), plane]);
    const placed = { ...x, name: own('v.back') };
    const position = this.conv(own('pe'), placed, x.channels, { kernel: 3, groups: x.channels, act: false });
    const sum = this.add(own('add'), { ...x, name: own('back') }, position);
    return this.conv(own('proj'), sum, x.channels, { act: false });
  }

  up(name: string, x: Value): Value {
    const scales = this.constant(`${name}.scales`, floats([4], [1, 1, 2, 2]));
    this.op('Resize', name, [x.name, '', scales], {
      mode: 'nearest',
      nearest_mode: 'floor',
      coordinate_transformation_mode: 'asymmetric',
    });
    return { ...x, name, side: 2 * x.side };
  }

  /** Heads of three scales and the decoder: the DFL's softmax and fixed convolution, anchors and strides as constants. */
  detect(name: string, levels: readonly Value[], classes: number, version: YoloVersion): void {
    const outputs = 4 * bins + classes;
    const wide = Math.max(16, levels[0].channels / 4, 4 * bins);
    const scored = Math.max(levels[0].channels, Math.min(classes, 100));
    const rows = levels.map((x, at) => {
      const sides = [0, 1].reduce(
        (value, layer) => this.conv(`${name}.cv2.${at}.${layer}`, value, wide, { kernel: 3 }),
        x,
      );
      const scores = [0, 1].reduce((value, layer) => {
        const own = `${name}.cv3.${at}.${layer}`;
        if (version === 'v8') return this.conv(own, value, scored, { kernel: 3 });
        const { channels: groups } = value;
        return this.conv(`${own}.1`, this.conv(`${own}.0`, value, groups, { kernel: 3, groups }), scored);
      }, x);
      const both = this.concat(`${name}.concat.${at}`, [
        this.conv(`${name}.cv2.${at}.2`, sides, 4 * bins, { act: false }),
        this.conv(`${name}.cv3.${at}.2`, scores, classes, { act: false }),
      ]);
      return this.op('Reshape', `${name}.view.${at}`, [
        both.name,
        this.ints(`${name}.shape.${at}`, [-1, outputs, x.side ** 2]),
      ]);
    });
    const count = levels.reduce((sum, { side }) => sum + side ** 2, 0);
    this.op('Concat', 'raw', rows, { axis: 2 });
    this.op('Split', 'apart', ['raw', this.ints('parts', [4 * bins, classes])], { axis: 1 }, [
      'sides',
      'logits',
    ]);
    this.op('Reshape', 'dfl.view', ['sides', this.ints('dfl.shape', [-1, 4, bins, count])]);
    this.op('Transpose', 'dfl.turned', ['dfl.view'], { perm: [0, 2, 1, 3] });
    this.op('Softmax', 'dfl.softmax', ['dfl.turned'], { axis: 1 });
    this.constant(
      'dfl.weight',
      floats(
        [1, bins, 1, 1],
        Float32Array.from({ length: bins }, (_, at) => at),
      ),
    );
    this.op('Conv', 'dfl', ['dfl.softmax', 'dfl.weight'], { kernel_shape: [1, 1] });
    this.op('Reshape', 'distances', ['dfl', this.ints('distances.shape', [-1, 4, count])]);
    const cut = (own: string, from: number) =>
      this.op('Slice', own, [
        'distances',
        this.ints(`${own}.from`, [from]),
        this.ints(`${own}.to`, [from + 2]),
        this.ints(`${own}.axis`, [1]),
      ]);
    const cells = levels.flatMap(({ side }) =>
      Array.from({ length: side ** 2 }, (_, at) => [at % side, Math.floor(at / side), side]),
    );
    const anchors = [0, 1].flatMap((axis) => cells.map((cell) => cell[axis] + 0.5));
    const input = levels[0].side * 8;
    this.constant('anchors', floats([1, 2, count], anchors));
    this.constant(
      'strides',
      floats(
        [1, count],
        cells.map(([, , side]) => input / side),
      ),
    );
    this.op('Sub', 'x1y1', ['anchors', cut('lt', 0)]);
    this.op('Add', 'x2y2', ['anchors', cut('rb', 2)]);
    this.op('Add', 'ends', ['x1y1', 'x2y2']);
    this.op('Div', 'centre', ['ends', this.constant('two', floats([], [2]))]);
    this.op('Sub', 'size', ['x2y2', 'x1y1']);
    this.op('Concat', 'xywh', ['centre', 'size'], { axis: 1 });
    this.op('Mul', 'boxes', ['xywh', 'strides']);
    this.op('Sigmoid', 'scores', ['logits']);
    this.op('Concat', 'y', ['boxes', 'scores'], { axis: 1 });
  }
}

/**
 * Builds YOLOv8 or YOLO11 from its published table of layers (the n model unless `width` is given) with random weights:
 * x [batch, 3, side, side] to y [batch, 4 + classes, anchors], decoded.
 */
export function yolo({ version, classes, side, width = 0.25 }: YoloSettings): Graph {
  const e = new Emitter();
  const wide = (channels: number) => Math.ceil((Math.min(channels, 1024) * width) / 8) * 8;
  const down = (at: number, x: Value, channels: number) =>
    e.conv(`model.${at}`, x, wide(channels), { kernel: 3, stride: 2 });
  const stage = (
    at: number,
    x: Value,
    channels: number,
    table: { count?: number; shortcut?: boolean; deep?: boolean; e?: number },
  ) =>
    version === 'v8'
      ? e.c2f(`model.${at}`, x, wide(channels), table.count ?? 1, table.shortcut ?? false)
      : e.c3k2(`model.${at}`, x, wide(channels), table.deep ?? false, table.e);
  const isOld = version === 'v8';
  const first = down(1, down(0, { name: 'x', channels: 3, side }, 64), 128);
  const p2 = stage(2, first, isOld ? 128 : 256, { count: 1, shortcut: true, e: 0.25 });
  const p3 = stage(4, down(3, p2, 256), isOld ? 256 : 512, { count: 2, shortcut: true, e: 0.25 });
  const p4 = stage(6, down(5, p3, 512), 512, { count: 2, shortcut: true, deep: true });
  const p5 = stage(8, down(7, p4, 1024), 1024, { count: 1, shortcut: true, deep: true });
  const pooled = e.sppf('model.9', p5);
  const top = isOld ? pooled : e.c2psa('model.10', pooled);
  const [a, b, c, d] = isOld ? [12, 15, 18, 21] : [13, 16, 19, 22];
  const joined = (at: number, parts: readonly Value[]) => e.concat(`model.${at - 1}`, parts);
  const mid = stage(a, joined(a, [e.up(`model.${a - 2}`, top), p4]), 512, {});
  const low = stage(b, joined(b, [e.up(`model.${b - 2}`, mid), p3]), 256, {});
  const middle = stage(c, joined(c, [down(c - 2, low, 256), mid]), 512, {});
  const high = stage(d, joined(d, [down(d - 2, middle, 512), top]), 1024, { deep: true });
  e.detect(`model.${d + 1}`, [low, middle, high], classes, version);
  const count = [8, 16, 32].reduce((sum, stride) => sum + (side / stride) ** 2, 0);
  return modelOf(
    ['x', ['batch', 3, side, side]],
    e.nodes,
    ['y', ['batch', 4 + classes, count]],
    e.constants,
    17,
  );
}
