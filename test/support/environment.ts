import { TestEnvironment } from 'jest-environment-node';

/**
 * Jest runs tests in a VM context with typed arrays of its own; the native modules (ONNX Runtime, Temporal's core)
 * check for those of the main context. This environment hands the main context's over.
 */
export default class NativeEnvironment extends TestEnvironment {
  override async setup(): Promise<void> {
    await super.setup();
    Object.assign(this.global, {
      ArrayBuffer,
      SharedArrayBuffer,
      Buffer,
      Uint8Array,
      Int8Array,
      Uint16Array,
      Int16Array,
      Uint32Array,
      Int32Array,
      Float32Array,
      Float64Array,
      BigInt64Array,
      BigUint64Array,
      Error,
    });
  }
}
