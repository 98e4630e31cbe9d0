/*
 * Times how long large graphs take to open, inspect, clone and save, at doubled sizes, so that anything that grows faster
 * than n log n shows:
 *
 *   npx tsc -p . && node dist/bench/scale/large-graphs.js [largest Convs] [kind …]
 *
 * Kinds: those of `kinds` below. The largest count is of Convs; there are five times as many nodes and initializers, and ten
 * times as many classes.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TopAccuracy } from '../../engine/data/accuracy';
import { inspectModel } from '../../engine/api/inspect-model';
import { makeNode, type NodeFields } from '../../engine/onnx/graph';
import { saveModel } from '../../engine/onnx/model';
import { openModel } from '../../engine/onnx/open-model';
import { int64s, type Tensor } from '../../engine/tensor/tensor';
import { build, classifier, type Parts, weight } from './build';

const lastOf = (nodes: readonly NodeFields[]): string => nodes[nodes.length - 1].outputs[0];

const kinds: Readonly<Record<string, (n: number) => Parts>> = {
  convs(n) {
    const constants: Record<string, Tensor> = {};
    const nodes: NodeFields[] = [];
    for (let at = 0; at < n; at++) {
      constants[`w${at}`] = weight([4, 4, 1, 1], at);
      nodes.push({ op: 'Conv', inputs: [at ? `r${at - 1}` : 'x', `w${at}`], outputs: [`c${at}`] });
      nodes.push({ op: 'Relu', inputs: [`c${at}`], outputs: [`r${at}`] });
    }
    return { nodes: nodes.map(makeNode), constants, output: `r${n - 1}` };
  },
  fused(n) {
    const nodes: NodeFields[] = [];
    for (let at = 0; at < n; at++)
      nodes.push({
        op: 'FusedConv',
        domain: 'com.microsoft',
        inputs: [at ? `r${at - 1}` : 'x', 'w'],
        outputs: [`r${at}`],
        attributes: { activation: 'Relu' },
      });
    return { nodes: nodes.map(makeNode), constants: { w: weight([4, 4, 1, 1], 1) }, output: lastOf(nodes) };
  },
  nodes(n) {
    const nodes: NodeFields[] = [{ op: 'Conv', inputs: ['x', 'w'], outputs: ['v0'] }];
    for (let at = 1; at < n; at++)
      nodes.push(
        at % 2
          ? { op: 'Relu', inputs: [`v${at - 1}`], outputs: [`v${at}`] }
          : { op: 'Add', inputs: [`v${at - 1}`, `v${at - 2}`], outputs: [`v${at}`] },
      );
    return { nodes: nodes.map(makeNode), constants: { w: weight([4, 4, 1, 1], 1) }, output: `v${n - 1}` };
  },
  initializers(n) {
    const constants: Record<string, Tensor> = { w: weight([4, 4, 1, 1], 1) };
    const nodes: NodeFields[] = [{ op: 'Conv', inputs: ['x', 'w'], outputs: ['v0'] }];
    const each = 100;
    for (let at = 1; at * each <= n; at++) {
      const names = Array.from({ length: each }, (_, i) => `k${at}.${i}`);
      names.forEach((name, i) => (constants[name] = weight([1, 4, 1, 1], i)));
      nodes.push({ op: 'Sum', inputs: [`v${at - 1}`, ...names], outputs: [`v${at}`] });
    }
    return { nodes: nodes.map(makeNode), constants, output: lastOf(nodes) };
  },
  blocks(n) {
    const constants: Record<string, Tensor> = {};
    const nodes: NodeFields[] = [];
    let before = 'x';
    for (let at = 0; at < n / 2; at++) {
      constants[`a${at}`] = weight([4, 4, 1, 1], at);
      constants[`b${at}`] = weight([4, 4, 1, 1], at + 1);
      nodes.push({ op: 'Conv', inputs: [before, `a${at}`], outputs: [`c${at}`] });
      nodes.push({ op: 'Relu', inputs: [`c${at}`], outputs: [`r${at}`] });
      nodes.push({ op: 'Conv', inputs: [`r${at}`, `b${at}`], outputs: [`d${at}`] });
      nodes.push({ op: 'Add', inputs: [before, `d${at}`], outputs: [(before = `s${at}`)] });
    }
    return { nodes: nodes.map(makeNode), constants, output: before };
  },
  identities(n) {
    const nodes: NodeFields[] = [{ op: 'Conv', inputs: ['x', 'w'], outputs: ['v0'] }];
    for (let at = 1; at < n; at++)
      nodes.push({ op: at % 2 ? 'Identity' : 'Relu', inputs: [`v${at - 1}`], outputs: [`v${at}`] });
    return { nodes: nodes.map(makeNode), constants: { w: weight([4, 4, 1, 1], 1) }, output: `v${n - 1}` };
  },
  shared(n) {
    const nodes: NodeFields[] = [];
    for (let at = 0; at < n / 2; at++) {
      nodes.push({ op: 'Identity', inputs: ['w'], outputs: [`w${at}`] });
      nodes.push({ op: 'Conv', inputs: [at ? `c${at - 1}` : 'x', `w${at}`], outputs: [`c${at}`] });
    }
    return { nodes: nodes.map(makeNode), constants: { w: weight([4, 4, 1, 1], 1) }, output: lastOf(nodes) };
  },
  transposed(n) {
    const constants: Record<string, Tensor> = {};
    const nodes: NodeFields[] = [];
    for (let at = 0; at < n / 2; at++) {
      constants[`w${at}`] = weight([8, 8], at);
      nodes.push({ op: 'Transpose', inputs: [`w${at}`], outputs: [`t${at}`] });
      nodes.push({ op: 'MatMul', inputs: [at ? `m${at - 1}` : 'x', `t${at}`], outputs: [`m${at}`] });
    }
    return { nodes: nodes.map(makeNode), constants, output: lastOf(nodes) };
  },
  constants(n) {
    const nodes: NodeFields[] = [{ op: 'Conv', inputs: ['x', 'w'], outputs: ['v0'] }];
    for (let at = 1; at < n / 2; at++) {
      nodes.push({ op: 'Constant', inputs: [], outputs: [`k${at}`], attributes: { value: weight([1], at) } });
      nodes.push({ op: 'Add', inputs: [`v${at - 1}`, `k${at}`], outputs: [`v${at}`] });
    }
    return { nodes: nodes.map(makeNode), constants: { w: weight([4, 4, 1, 1], 1) }, output: lastOf(nodes) };
  },
  reshapes(n) {
    const nodes: NodeFields[] = [{ op: 'Conv', inputs: ['x', 'w'], outputs: ['v0'] }];
    for (let at = 1; at < n / 4; at++) {
      nodes.push({ op: 'Shape', inputs: [`v${at - 1}`], outputs: [`s${at}`] });
      nodes.push({ op: 'Gather', inputs: [`s${at}`, 'zero'], outputs: [`b${at}`], attributes: { axis: 0 } });
      nodes.push({ op: 'Concat', inputs: [`b${at}`, 'rest'], outputs: [`t${at}`], attributes: { axis: 0 } });
      nodes.push({ op: 'Reshape', inputs: [`v${at - 1}`, `t${at}`], outputs: [`v${at}`] });
    }
    const constants = { w: weight([4, 4, 1, 1], 1), zero: int64s([0]), rest: int64s([4, 8, 8]) };
    return { nodes: nodes.map(makeNode), constants, output: lastOf(nodes) };
  },
  fan(n) {
    const constants: Record<string, Tensor> = {};
    const nodes: NodeFields[] = [];
    for (let at = 0; at < n / 2; at++) {
      constants[`w${at}`] = weight([4, 4, 1, 1], at);
      nodes.push({ op: 'Conv', inputs: ['x', `w${at}`], outputs: [`c${at}`] });
    }
    const inputs = nodes.map(({ outputs }) => outputs[0]);
    nodes.push({ op: 'Concat', inputs, outputs: ['all'], attributes: { axis: 1 } });
    return { nodes: nodes.map(makeNode), constants, output: 'all' };
  },
  classes: classifier,
};

/** Steps that are timed, on the file of a model. */
const steps: Readonly<Record<string, (file: string, kind: string, n: number) => unknown>> = {
  open: (file) => openModel(file),
  inspect: (file) => inspectModel(file),
  save: (file) => saveModel(openModel(file), `${file}.copy`, { durable: false }),
  metric(_, kind, n) {
    if (kind !== 'classes') return undefined;
    const metric = new TopAccuracy('top5', 5);
    const rows = 64;
    metric.add(
      Float32Array.from({ length: rows * n }, (_, at) => Math.sin(at)),
      Int32Array.from({ length: rows }, (_, at) => at),
      [rows, n],
    );
    return metric.value();
  },
};

async function main([largest = '20000', ...asked]: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'slimflow-scale-'));
  try {
    const most: Readonly<Record<string, number>> = {
      nodes: 5,
      initializers: 5,
      identities: 5,
      constants: 5,
      reshapes: 5,
      classes: 10,
    };
    for (const kind of asked.length ? asked : Object.keys(kinds)) {
      for (const share of [0.25, 0.5, 1]) {
        const n = Math.round(share * (most[kind] ?? 1) * Number(largest));
        const file = join(folder, `${kind}-${n}.onnx`);
        saveModel(build(kinds[kind](n)), file, { durable: false });
        const times: string[] = [];
        for (const [name, step] of Object.entries(steps)) {
          const begun = performance.now();
          if ((await step(file, kind, n)) === undefined && name === 'metric') continue;
          times.push(`${name} ${((performance.now() - begun) / 1000).toFixed(2)} s`);
        }
        console.log(`${kind} ${n} (${(statSync(file).size / 1e6).toFixed(1)} MB): ${times.join(', ')}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

void main(process.argv.slice(2));
