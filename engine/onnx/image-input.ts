import { EngineError } from '../errors';
import type { Graph, ValueInfo } from './graph';
import { typeOf } from './tensor-proto';

/**
 * The input that a data set's images, and sizes without an input's name, go to. States that go round a network beside
 * it are left out first: inputs that no convolution depends on where another is, and inputs whose batch comes later
 * than another's. Of the rest it is the first of floats with at least three axes; failing that the first with as many,
 * the first of floats, or the first.
 * @param others inputs that have data of their own
 * @throws EngineError `UnsupportedModel` if no input is left
 */
export function imageInput(graph: Graph, others: readonly string[] = []): ValueInfo {
  const inputs = withoutStates(
    graph,
    graph.inputs.filter(({ name }) => !others.includes(name)),
  );
  const wide = ({ dims }: ValueInfo) => !dims || dims.length > 2;
  const real = ({ elementType }: ValueInfo) => /^float/.test(typeOf(elementType) ?? '');
  const found =
    inputs.find((input) => wide(input) && real(input)) ?? inputs.find(wide) ?? inputs.find(real) ?? inputs[0];
  if (!found) throw new EngineError('UnsupportedModel', 'the model has no input that images could go to');
  return found;
}

function withoutStates(graph: Graph, inputs: readonly ValueInfo[]): readonly ValueInfo[] {
  if (inputs.length < 2) return inputs;
  const narrowed = (from: readonly ValueInfo[], keep: (input: ValueInfo) => boolean) => {
    const kept = from.filter(keep);
    return kept.length ? kept : from;
  };
  const read = readByConvolutions(graph);
  const leading = narrowed(inputs, ({ name }) => read.has(name));
  const batches = new Set(leading.flatMap(({ dims }) => (typeof dims?.[0] === 'string' ? [dims[0]] : [])));
  return narrowed(leading, ({ dims }) => !dims?.some((dim, axis) => axis > 0 && batches.has(String(dim))));
}

/** The values that convolutions depend on, those in bodies of If, Loop and Scan with what they take from outside. */
export function readByConvolutions(graph: Graph): ReadonlySet<string> {
  const values = new Set<string>();
  for (const node of [...graph.nodes].reverse()) {
    if (!/Conv/.test(node.opType) && !node.output.some((value) => values.has(value))) continue;
    for (const value of graph.readsOf(node)) values.add(value);
  }
  return values;
}
