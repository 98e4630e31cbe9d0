/**
 * Measures what a score costs: two ways to run the part of a network after a layer with other weights in it, in turn:
 *
 *     npm run bench:probe -- [--batch 8] [--rounds 15] [--layers 4] [model.onnx …]
 *
 * `constants`: one session per candidate, the values as constants; `inputs`: one session for all, the values as its
 * inputs. Prints medians in ms of processor time per batch, and those to open the former, of layers spread over the
 * network; then the sum of the layers' kernels, each layer cut out, against those of the whole network. Models without
 * names are the digits ResNet-20.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { layersOf } from '../../engine/onnx/layers';
import { openModel } from '../../engine/onnx/open-model';
import { inferShapes } from '../../engine/onnx/shapes';
import { randomFeeds } from '../../engine/runtime/feeds';
import { layerAlone } from '../../engine/runtime/latency-curve';
import { inPlace } from '../../engine/runtime/layer-in-place';
import { ModelProbe, type Replacements } from '../../engine/runtime/model-probe';
import { median, profile } from '../../engine/runtime/profile';
import { timeKernels } from '../../engine/runtime/timing';
import type { Graph } from '../../engine/onnx/graph';
import { root } from '../docs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '15' },
    layers: { type: 'string', default: '4' },
  },
});
const [batch, rounds, wanted] = [options.batch, options.rounds, options.layers].map(Number);
const threads = 1;

/** ms of processor time, which other work on the machine lengthens less than wall time. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Medians of one layer, as a row. */
async function compare(graph: Graph, { name, weight, dims }: ReturnType<typeof layersOf>[number]) {
  const shapes = inferShapes(graph);
  const [input] = graph.inputs;
  const dimsOf = input.dims!.map((dim, at) => (at === 0 ? batch : Number(dim)));
  const feeds = randomFeeds(graph, { inputShape: dimsOf });
  const replacement: Replacements = new Map([[weight, graph.constant(weight)!]]);
  const [constants, inputs] = await Promise.all([
    ModelProbe.open(graph, [weight], { shapes, threads }),
    ModelProbe.open(graph, [weight], { shapes, threads, batches: 1 }),
  ]);
  const kept = await constants.prefix(feeds);
  const first = await timed(() => constants.outputs(kept, replacement));
  await inputs.outputs(kept, replacement);
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++)
    for (const at of round % 2 ? [0, 1] : [1, 0])
      times[at].push(await timed(() => [constants, inputs][at].outputs(kept, replacement)));
  await Promise.all([constants.close(), inputs.close()]);
  const [asConstants, asInputs] = times.map(median);
  const cells = [
    `${name} ${dims.join('x')}`,
    asConstants.toFixed(1),
    asInputs.toFixed(1),
    (asInputs / asConstants).toFixed(2),
    Math.max(0, first - asConstants).toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}

async function main(): Promise<void> {
  const models = positionals.length
    ? positionals
    : [join(root, 'examples', 'digits', 'resnet20-digits.onnx')];
  for (const model of models) {
    const graph = openModel(model);
    const layers = layersOf(graph);
    console.log(`\n${model}, batches of ${batch}\n`);
    console.log('| layer | constants | inputs | inputs / constants | open |\n|---|---|---|---|---|');
    for (let at = 0; at < wanted; at++)
      console.log(
        await compare(graph, layers[Math.round((at * (layers.length - 1)) / Math.max(1, wanted - 1))]),
      );
    const shapes = inferShapes(graph);
    const alone = await timeKernels(
      layers.map((layer) => inPlace(layerAlone(graph, layer, shapes), graph)),
      { threads, runs: rounds },
    );
    const whole = await profile(graph, { threads, runs: rounds });
    const convolutions = whole.nodes.filter(({ op }) => /^(Fused)?(Conv|Gemm|MatMul)/.test(op));
    const sum = (all: readonly { readonly ms: number }[]) =>
      all.reduce((total, { ms }) => total + ms, 0).toFixed(2);
    console.log(
      `\nkernels of the layers alone: ${sum(alone)} ms; of the same in the whole network: ${sum(convolutions)} ms`,
    );
  }
}

void main();
