import type { NodeTime } from '../../engine/runtime/profile';

/** ONNX Runtime computes shapes and single numbers on the CPU on purpose; a result of more bytes is work. */
const ofShapes = 1024;

/** The nodes of a run that the CPU computed although the session is another provider's, as `operator name`. */
export const fallbacks = (run: readonly Pick<NodeTime, 'node' | 'op' | 'provider' | 'bytes'>[]): string[] =>
  run
    .filter(({ provider, bytes }) => provider === 'CPUExecutionProvider' && bytes > ofShapes)
    .map(({ op, node }) => `${op} ${node}`);
