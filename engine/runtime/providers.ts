import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node';

import { EngineError } from '../errors';
import { type ProviderChoice, providerChoices, type ProviderName, providerNames } from '../names';
import { declare } from '../onnx/extract';
import { Graph, makeNode } from '../onnx/graph';
import { serializeModel } from '../onnx/model';
import { GraphProtoSchema, ModelProtoSchema } from '../onnx/proto/onnx_pb';

/** Environment variable that sets the provider of a whole process. */
export const providerVariable = 'SLIMFLOW_PROVIDER';

/**
 * Returns the provider to use if a session's settings do not name one: SLIMFLOW_PROVIDER, else `auto`.
 * @throws EngineError `InvalidSettings` if the variable holds something else
 */
export function defaultProvider(environment: NodeJS.ProcessEnv = process.env): ProviderChoice {
  const asked = environment[providerVariable] || 'auto';
  const choice = providerChoices.find((name) => name === asked);
  if (choice) return choice;
  throw new EngineError(
    'InvalidSettings',
    `${providerVariable} is ${asked}; set it to one of ${providerChoices.join(', ')}`,
  );
}

/**
 * Resolves a choice to a provider on this machine. If one requested by name cannot be used that is an error: there is
 * no fallback.
 * @throws EngineError `InvalidSettings` with the reason and the fix
 */
export async function resolveProvider(choice: ProviderChoice = defaultProvider()): Promise<ProviderName> {
  if (choice === 'auto') return (await whyNot('cuda')) === undefined ? 'cuda' : 'cpu';
  const reason = await whyNot(choice);
  if (reason === undefined) return choice;
  throw new EngineError(
    'InvalidSettings',
    `execution provider ${choice} cannot be used: ${reason}. Fix that, or use cpu instead (provider, or ${providerVariable})`,
  );
}

/**
 * Tells if a worker of this process may be given work for GPUs: the library of the CUDA provider is installed, or
 * SLIMFLOW_PROVIDER names a GPU's. Neither a session nor the GPU's memory is taken to find out.
 */
export const offersGpu = (environment: NodeJS.ProcessEnv = process.env): boolean =>
  ['cuda', 'webgpu'].includes(environment[providerVariable] ?? '') || existsSync(libraryOf('cuda'));

/** State of one provider. */
export interface ProviderState {
  readonly name: ProviderName;
  /** `used`: sessions get it; `available`: works on request; `untried`: tried only on request. */
  readonly state: 'used' | 'available' | 'untried' | 'unavailable';
  /** The reason, if it is not used. */
  readonly why?: string;
}

/** State of all providers; `used` is undefined if the requested one cannot be used. */
export interface ProviderReport {
  readonly asked: ProviderChoice;
  readonly used: ProviderName | undefined;
  readonly providers: readonly ProviderState[];
}

/**
 * Describes which providers exist, which one sessions get, and why not the others.
 *
 * @example
 * ```ts
 * import { describeProviders } from 'slimflow/engine';
 *
 * for (const { name, state, why } of (await describeProviders()).providers) console.log(name, state, why ?? '');
 * ```
 */
export async function describeProviders(asked = defaultProvider()): Promise<ProviderReport> {
  const used = await resolveProvider(asked).catch(() => undefined);
  const states = providerNames.map(async (name): Promise<ProviderState> => {
    if (name === used) return { name, state: 'used' };
    // Trying WebGPU loads the machine's graphics drivers, which merely asking should not do.
    if (name === 'webgpu' && asked !== name) return { name, state: 'untried', why: 'used only on request' };
    const why = await whyNot(name);
    return why === undefined
      ? { name, state: 'available', why: `${asked} was requested` }
      : { name, state: 'unavailable', why };
  });
  return { asked, used, providers: await Promise.all(states) };
}

const reasons = new Map<ProviderName, Promise<string | undefined>>();

/** Says why a provider cannot be used, tested once per thread; undefined if it can. */
function whyNot(provider: ProviderName): Promise<string | undefined> {
  let reason = reasons.get(provider);
  if (!reason)
    reasons.set(provider, (reason = provider === 'cpu' ? Promise.resolve(undefined) : tried(provider)));
  return reason;
}

async function tried(provider: ProviderName): Promise<string | undefined> {
  const backend = listSupportedBackends().find(({ name }) => name === provider);
  if (!backend) return `ONNX Runtime does not include it for ${process.platform} on ${process.arch}`;
  if (!backend.bundled && !existsSync(libraryOf(provider)))
    return `its library is not installed; ${installCuda()} (docs/execution-providers.md)`;
  try {
    const session = await InferenceSession.create(serializeModel(trial()), {
      executionProviders: [provider],
      logSeverityLevel: 4,
    });
    await session.run({ x: new Tensor('float32', new Float32Array(4), [1, 1, 2, 2]) });
    await session.release();
    return undefined;
  } catch (error) {
    return (error as Error).message.trim();
  }
}

const onnxRuntimeFolder = (): string => dirname(dirname(require.resolve('onnxruntime-node')));

/** Returns where onnxruntime-node's install script puts the library of a provider that is not part of the package. */
function libraryOf(provider: ProviderName): string {
  const folder = join(onnxRuntimeFolder(), 'bin', 'napi-v6', process.platform, process.arch);
  return join(folder, `libonnxruntime_providers_${provider}.so`);
}

/** Says how CUDA is added: by the script itself, since npm runs it or not as package.json and npm's version have it. */
const installCuda = (): string =>
  `add it with: ONNXRUNTIME_NODE_INSTALL=cuda12 node ${join(relative(process.cwd(), onnxRuntimeFolder()), 'script', 'install')}`;

/** Makes a convolution: a provider that runs it has found its device and its kernels' libraries. */
function trial(): Graph {
  const shape = [1, 1, 2, 2];
  return new Graph(
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: 13n }],
      graph: create(GraphProtoSchema, {
        name: 'trial',
        node: [makeNode({ op: 'Conv', inputs: ['x', 'x'], outputs: ['y'] })],
        input: [declare('x', shape)],
        output: [declare('y', [1, 1, 1, 1])],
      }),
    }),
  );
}
