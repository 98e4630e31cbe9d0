import { fromBinary } from '@bufbuild/protobuf';

import { type ModelProto, ModelProtoSchema } from '../../engine/onnx/proto/onnx_pb';
import { typeOf } from '../../engine/onnx/tensor-proto';
import { graphsOf } from '../../engine/onnx/walk';
import type { DrawnInput } from '../../engine/runtime/feeds';
import { inGuard } from '../../engine/runtime/guard/guarded-run';
import { isShortage } from '../../engine/runtime/plain-reason';
import { numbersOf, sizeOf, type Tensor } from '../../engine/tensor/tensor';

/** Limits that are those of small models. */
const limits = { seconds: 3, bytes: 1.5e9 };
/** Most elements of all inputs together. */
const mostElements = 1e6;
/** Size of dimensions that a model leaves open. */
const open = 2;

/** Operators whose results differ from run to run. */
const random = /^(Random|Bernoulli|Multinomial|Dropout)/;

/** Lists the inputs that a model must be fed; undefined if they are not tensors of known sizes. */
function inputsOf({ graph }: ModelProto): DrawnInput[] | undefined {
  const constants = new Set(graph!.initializer.map(({ name }) => name));
  const inputs = graph!.input
    .filter(({ name }) => !constants.has(name))
    .map(({ name, type }): DrawnInput | undefined => {
      const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
      const elementType = typeOf(tensor?.elemType ?? 0);
      const dims = tensor?.shape?.dim.map(({ value }) =>
        value.case === 'dimValue' && value.value >= 0n ? Number(value.value) : open,
      );
      return elementType && dims ? { name, type: elementType, dims } : undefined;
    });
  const known = inputs.filter((input) => input !== undefined);
  const elements = known.reduce((sum, { dims }) => sum + sizeOf(dims), 0);
  return known.length === inputs.length && elements <= mostElements ? known : undefined;
}

/**
 * Runs a model's bytes in plain ONNX Runtime, without anything of Slimflow's reading.
 * @returns its outputs; undefined if it can't be run, or its outputs mean nothing; `beyond limits` if it takes too much
 */
export async function inOnnxRuntime(
  bytes: Uint8Array,
): Promise<Readonly<Record<string, Tensor>> | 'beyond limits' | undefined> {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
    if (!model.graph) return undefined;
    const graphs = [...graphsOf(model.graph)].flatMap(({ node }) => node);
    if ([...graphs, ...model.functions.flatMap(({ node }) => node)].some(({ opType }) => random.test(opType)))
      return undefined;
  } catch {
    return undefined;
  }
  const inputs = inputsOf(model);
  if (!inputs) return undefined;
  const outcome = await inGuard({ model: bytes, runs: [{ seed: 1, inputs }] }, limits);
  if ('results' in outcome) return outcome.results[0];
  return 'ended' in outcome || isShortage(outcome.failed) ? 'beyond limits' : undefined;
}

/** Says how two models' outputs differ by more than rounding; undefined if they do not. */
export function difference(
  one: Readonly<Record<string, Tensor>>,
  other: Readonly<Record<string, Tensor>>,
): string | undefined {
  for (const [name, a] of Object.entries(one)) {
    const b = other[name];
    if (!b) return `output ${name} is missing`;
    if (a.type !== b.type || a.dims.join() !== b.dims.join())
      return `output ${name} is ${b.type} [${b.dims.join(', ')}] instead of ${a.type} [${a.dims.join(', ')}]`;
    const [x, y] = [numbersOf(a), numbersOf(b)];
    const largest = x.reduce(
      (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
      1e-6,
    );
    const at = x.findIndex((value, index) => !isNear(value, y[index], largest));
    if (at >= 0) return `output ${name} holds ${y[at]} instead of ${x[at]} at ${at}`;
  }
  return undefined;
}

/** Float16 and denormals leave differences of this size. */
const tolerance = 2e-3;

const isNear = (a: number, b: number, largest: number): boolean =>
  Object.is(a, b) ||
  a === b ||
  Math.abs(a - b) <= tolerance * largest ||
  (Number.isNaN(a) && Number.isNaN(b));
