import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

import { openFirst } from '../linalg/native';
import { wasmFile } from '../linalg/wasm-module';
import type { ProviderName } from '../names';

/** Code, runtime and device that made an artifact: the same for the same work on the same machine. */
export interface Provenance {
  /** Slimflow's version. */
  readonly version: string;
  /** Digest of its engine's code, WebAssembly included, and of ONNX Runtime's version. */
  readonly engine: string;
  readonly onnxruntime: string;
  /** ONNX Runtime's execution provider. */
  readonly provider: ProviderName;
  /** Model name of the processor or GPU. */
  readonly device: string;
}

const versionIn = (file: string): string =>
  (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
const runtimeVersion = () => versionIn(require.resolve('onnxruntime-node/package.json'));

/** Identifies the engine by its compiled code and by its ONNX Runtime, so that a changed one never reuses results. */
export function engineVersion(): string {
  const root = join(__dirname, '..');
  const hash = createHash('sha256');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.js'),
  );
  for (const name of files.sort()) hash.update(name).update(readFileSync(join(root, name)));
  return hash.update(readFileSync(wasmFile)).update(runtimeVersion()).digest('hex').slice(0, 16);
}

let code: Pick<Provenance, 'version' | 'engine' | 'onnxruntime'> | undefined;

/** Describes what makes artifacts in this process with a given provider. */
export function provenanceOf(provider: ProviderName): Provenance {
  // Read once: code that is replaced on disk while it runs is not the code that runs.
  code ??= {
    version: versionIn(join(__dirname, '..', '..', '..', 'package.json')),
    engine: engineVersion(),
    onnxruntime: runtimeVersion(),
  };
  return { ...code, provider, device: deviceOf(provider) };
}

/** Returns the model name of the device that a provider computes on. */
function deviceOf(provider: ProviderName): string {
  if (provider === 'cuda') return gpuName() ?? 'NVIDIA GPU';
  if (provider === 'webgpu') return 'GPU';
  return cpus()[0]?.model.trim() || process.arch;
}

/** Returns the driver's name of the GPU that CUDA counts first, which ONNX Runtime uses. */
function gpuName(): string | undefined {
  const driver = openFirst([process.platform === 'win32' ? 'nvcuda.dll' : 'libcuda.so.1']);
  if ('failures' in driver) return undefined;
  const init = driver.find(['cuInit'], 'int', ['uint']);
  const device = driver.find(['cuDeviceGet'], 'int', ['void *', 'int']);
  const name = driver.find(['cuDeviceGetName'], 'int', ['void *', 'int', 'int']);
  const handle = new Int32Array(1);
  const text = Buffer.alloc(256);
  if (init?.(0) !== 0 || device?.(handle, 0) !== 0 || name?.(text, text.length, handle[0]) !== 0)
    return undefined;
  return text.toString('utf8', 0, text.indexOf(0)).trim() || undefined;
}
