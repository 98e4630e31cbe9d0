import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { toHalves } from '../tensor/float16';
import { type ElementType, isFloat, type Tensor } from '../tensor/tensor';
import { inMemory, runtimeModel, type RuntimeModel } from './large-model';
import type { ProviderChoice, ProviderName } from '../names';
import { providerVariable, resolveProvider } from './providers';
import { own } from '../table';

/** Options for opening a session. */
export interface SessionSettings {
  /** Threads within an operator. All concurrent sessions together should not exceed the cores. */
  readonly threads: number;
  /** ONNX Runtime's graph optimizations; `all` includes the blocked NCHWc layout on CPU. */
  readonly optimize?: 'disabled' | 'basic' | 'extended' | 'all';
  /** Execution provider; by default SLIMFLOW_PROVIDER, else `auto`. */
  readonly provider?: ProviderChoice;
  /** Path of ONNX Runtime's profile, without the time and `.json` that it appends. */
  readonly profile?: string;
}

/**
 * An ONNX Runtime session that takes and returns plain tensors. `run` blocks the calling thread while it computes
 * (microsoft/onnxruntime issues 19611, 26968): use it in a worker thread.
 */
export class Session {
  private constructor(
    private readonly session: InferenceSession,
    /** Execution provider it was opened with; nodes that it has no kernel for run on the CPU. */
    readonly provider: ProviderName,
    /** Weights of a large model, which ONNX Runtime reads from this memory and which must not be collected earlier. */
    protected weights: RuntimeModel['externalData'],
  ) {}

  /**
   * Opens a session.
   * @param model a graph, or an ONNX file as bytes or by its path
   * @throws EngineError `UnsupportedModel` if ONNX Runtime rejects the model; `InvalidSettings` if the execution
   * provider cannot be used, or rejects a model that the CPU accepts
   */
  static async open(model: Graph | Uint8Array | string, settings: SessionSettings): Promise<Session> {
    const provider = await resolveProvider(settings.provider);
    const isFile = typeof model === 'string' || model instanceof Uint8Array;
    const whole = isFile ? inMemory(model) : runtimeModel(model);
    try {
      return new Session(await created(whole, provider, settings), provider, whole.externalData);
    } catch (error) {
      throw await refusal(whole, provider, settings, error as Error);
    } finally {
      whole.remove();
    }
  }

  get inputs(): readonly string[] {
    return this.session.inputNames;
  }

  get outputs(): readonly string[] {
    return this.session.outputNames;
  }

  /** Element types of the outputs, as inferred by ONNX Runtime. */
  get outputTypes(): ReadonlyMap<string, ElementType> {
    return new Map(
      this.session.outputMetadata.flatMap((value) =>
        value.isTensor ? [[value.name, value.type as ElementType]] : [],
      ),
    );
  }

  /**
   * Feeds tensors by name and returns those of `fetches`, or all outputs. 32-bit floats are converted for inputs of 16-
   * and 64-bit floats.
   * @throws EngineError `InvalidData` if the feeds do not fit the model's inputs; `UnsupportedModel` if ONNX Runtime
   * fails on them
   */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[] = this.outputs,
  ): Promise<Record<string, Tensor>> {
    const inputs = this.checked(feeds);
    const results = await this.session.run(inputs, [...fetches]).catch((error: Error) => {
      // The same feeds would fail the same way again, so the error is one that is not retried.
      throw new EngineError(
        'UnsupportedModel',
        `ONNX Runtime failed to run the model on ${this.provider}: ${error.message}`,
        { cause: error },
      );
    });
    return Object.fromEntries(
      fetches.map((name) => {
        return [name, plain(results[name])];
      }),
    );
  }

  /** Ends the profile that `settings.profile` requested; its file is then complete. */
  endProfile(): void {
    this.session.endProfiling();
  }

  /** Frees the native memory. */
  async close(): Promise<void> {
    await this.session.release();
    this.weights = [];
  }

  private checked(feeds: Readonly<Record<string, Tensor>>): Record<string, OrtTensor> {
    const known = this.session.inputNames;
    const stranger = Object.keys(feeds).find((name) => !known.includes(name));
    if (stranger !== undefined) {
      throw new EngineError(
        'InvalidData',
        `the model has no input ${stranger}; its inputs are ${known.join(', ')}`,
      );
    }
    const inputs = this.session.inputMetadata.map((wanted): [string, OrtTensor] => {
      const tensor = own(feeds, wanted.name);
      if (!tensor) throw new EngineError('InvalidData', `input ${wanted.name} of the model was not fed`);
      return [wanted.name, wanted.isTensor ? fitting(tensor, wanted) : ortTensor(tensor)];
    });
    return Object.fromEntries(inputs);
  }
}

const created = (
  { model, externalData }: RuntimeModel,
  provider: ProviderName,
  { threads, optimize = 'all', profile }: SessionSettings,
): Promise<InferenceSession> =>
  // The types allow bytes or a path, but each in its own overload.
  InferenceSession.create(model as string, {
    externalData,
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: optimize,
    logSeverityLevel: 4, // errors are thrown too, and need not be printed
    ...(profile && { enableProfiling: true, profileFilePrefix: profile }),
  });

/** Makes the error for a session that could not be opened: the model is at fault unless the CPU accepts it. */
async function refusal(
  model: RuntimeModel,
  provider: ProviderName,
  settings: SessionSettings,
  cause: Error,
): Promise<EngineError> {
  const others = { ...settings, profile: undefined };
  const onCpu =
    provider === 'cpu'
      ? undefined
      : await created(model, 'cpu', others).then(
          (session) => session,
          () => undefined,
        );
  await onCpu?.release();
  return onCpu
    ? new EngineError(
        'InvalidSettings',
        `execution provider ${provider} rejected the model: ${cause.message}. Use cpu instead (provider, or ${providerVariable})`,
        { cause },
      )
    : new EngineError('UnsupportedModel', `ONNX Runtime rejected the model: ${cause.message}`, { cause });
}

type TensorMetadata = Extract<InferenceSession['inputMetadata'][number], { isTensor: true }>;

/** Converts a tensor to the type that an input takes: float32 becomes float16 or float64 if needed. */
function fitting(tensor: Tensor, { name, type, shape }: TensorMetadata): OrtTensor {
  const { dims } = tensor;
  // ONNX Runtime reports an empty shape for a scalar and for a shape that the model leaves open.
  const fits =
    !shape.length ||
    (shape.length === dims.length &&
      shape.every((size, axis) => typeof size === 'string' || size === dims[axis]));
  if (!fits) {
    throw new EngineError(
      'InvalidData',
      `input ${name} takes shape [${shape.map((size) => size || '?').join(', ')}], but was fed [${dims.join(', ')}]`,
    );
  }
  if (tensor.type === type) return ortTensor(tensor);
  if (isFloat(tensor) && type === 'float16') {
    return ortTensor({ type, dims, data: toHalves(tensor.data) });
  }
  if (isFloat(tensor) && type === 'float64') {
    return ortTensor({ type, dims, data: Float64Array.from(tensor.data) });
  }
  throw new EngineError('InvalidData', `input ${name} takes ${type}, but was fed ${tensor.type}`);
}

/** Converts ONNX Runtime's tensor; newer versions of Node hold 16-bit floats in a Float16Array. */
function plain({ type, data, dims }: OrtTensor): Tensor {
  const array = data as Float32Array;
  const bits = type === 'float16' && !((data as unknown) instanceof Uint16Array);
  const held = bits ? new Uint16Array(array.buffer, array.byteOffset, array.length) : array;
  return { type: type as ElementType, data: held, dims };
}

function ortTensor({ type, data, dims }: Tensor): OrtTensor {
  return new OrtTensor(type as 'float32', data as Float32Array, dims);
}
