import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { serializeModel } from '../onnx/model';
import type { ElementType, Tensor } from '../tensor/tensor';

export interface SessionSettings {
  /** Threads inside an operator. All concurrent sessions together should not exceed the cores. */
  readonly threads: number;
  /** ONNX Runtime's graph optimizations; `all` includes the blocked NCHWc layout on CPU. */
  readonly optimize?: 'disabled' | 'basic' | 'extended' | 'all';
}

/**
 * An ONNX Runtime session that takes and gives plain tensors. `run` blocks the calling thread while it computes
 * (microsoft/onnxruntime issues 19611, 26968): use it in a worker thread.
 */
export class Session {
  private constructor(private readonly session: InferenceSession) {}

  /** @throws EngineError `UnsupportedModel` when ONNX Runtime refuses the model. */
  static async open(
    model: Graph | Uint8Array,
    { threads, optimize = 'all' }: SessionSettings,
  ): Promise<Session> {
    const bytes = model instanceof Uint8Array ? model : serializeModel(model);
    try {
      const session = await InferenceSession.create(bytes, {
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: optimize,
        logSeverityLevel: 3,
      });
      return new Session(session);
    } catch (error) {
      throw new EngineError(
        'UnsupportedModel',
        `ONNX Runtime refuses the model: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  get inputs(): readonly string[] {
    return this.session.inputNames;
  }

  get outputs(): readonly string[] {
    return this.session.outputNames;
  }

  /** Element types of the outputs, as ONNX Runtime inferred them. */
  get outputTypes(): ReadonlyMap<string, ElementType> {
    return new Map(
      this.session.outputMetadata.flatMap((value) =>
        value.isTensor ? [[value.name, value.type as ElementType]] : [],
      ),
    );
  }

  /**
   * Feeds tensors by name and returns those of `fetches`, or all outputs.
   * @throws EngineError `UnsupportedModel` when ONNX Runtime fails on them.
   */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[] = this.outputs,
  ): Promise<Record<string, Tensor>> {
    const inputs = Object.fromEntries(
      Object.entries(feeds).map(([name, { type, data, dims }]) => [
        name,
        new OrtTensor(type as 'float32', data as Float32Array, dims),
      ]),
    );
    const results = await this.session.run(inputs, [...fetches]).catch((error: Error) => {
      // The same feeds fail the same way: trying again would not help.
      throw new EngineError('UnsupportedModel', `ONNX Runtime could not run the model: ${error.message}`, {
        cause: error,
      });
    });
    return Object.fromEntries(
      fetches.map((name) => {
        const { type, data, dims } = results[name];
        return [name, { type: type as ElementType, data: data as Float32Array, dims } satisfies Tensor];
      }),
    );
  }

  /** Frees the native memory. */
  async close(): Promise<void> {
    await this.session.release();
  }
}
