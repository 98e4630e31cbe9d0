import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node';

import { EngineError } from '../errors';
import { declare } from '../onnx/extract';
import { Graph, makeNode } from '../onnx/graph';
import { serializeModel } from '../onnx/model';
import { GraphProtoSchema, ModelProtoSchema } from '../onnx/proto/onnx_pb';

/** The execution providers of ONNX Runtime that Slimflow uses, by its names. */
export const providerNames = ['cpu', 'cuda', 'webgpu'] as const;
export type ProviderName = (typeof providerNames)[number];

/** What can be asked for; `auto` is CUDA where its library is installed and a device answers, else the CPU. */
export const providerChoices = ['auto', ...providerNames] as const;
export type ProviderChoice = (typeof providerChoices)[number];

/** The environment variable that sets the provider of a whole process. */
export const providerVariable = 'SLIMFLOW_PROVIDER';
const installCuda = 'npm install --onnxruntime-node-install=cuda12';

/**
 * What is asked for where a session's settings do not say: SLIMFLOW_PROVIDER, else `auto`.
 * @throws EngineError `InvalidSettings` when the variable holds another word.
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
 * The provider that a choice means on this machine. One that was asked for by name and cannot be used is an error,
 * never another provider.
 * @throws EngineError `InvalidSettings` with the reason and the mend.
 */
export async function resolveProvider(choice: ProviderChoice = defaultProvider()): Promise<ProviderName> {
  if (choice === 'auto') return (await whyNot('cuda')) === undefined ? 'cuda' : 'cpu';
  const reason = await whyNot(choice);
  if (reason === undefined) return choice;
  throw new EngineError(
    'InvalidSettings',
    `execution provider ${choice} cannot be used: ${reason}. Mend that, or ask for cpu (provider, ${providerVariable})`,
  );
}

/** One provider as `describeProviders` found it. */
export interface ProviderState {
  readonly name: ProviderName;
  /** `used`: sessions get it; `available`: works when asked for; `untried`: only tried when asked for. */
  readonly state: 'used' | 'available' | 'untried' | 'unavailable';
  /** Why it is not used, where it is not. */
  readonly why?: string;
}

/** What `describeProviders` found out; `used` is undefined where what was asked for cannot be used. */
export interface ProviderReport {
  readonly asked: ProviderChoice;
  readonly used: ProviderName | undefined;
  readonly providers: readonly ProviderState[];
}

/** Which providers there are, which one sessions get, and why not the others. */
export async function describeProviders(asked = defaultProvider()): Promise<ProviderReport> {
  const used = await resolveProvider(asked).catch(() => undefined);
  const states = providerNames.map(async (name): Promise<ProviderState> => {
    if (name === used) return { name, state: 'used' };
    // Trying WebGPU loads the machine's graphics drivers, which a mere question should not.
    if (name === 'webgpu' && asked !== name)
      return { name, state: 'untried', why: 'used only where asked for' };
    const why = await whyNot(name);
    return why === undefined
      ? { name, state: 'available', why: `${asked} was asked for` }
      : { name, state: 'unavailable', why };
  });
  return { asked, used, providers: await Promise.all(states) };
}

const reasons = new Map<ProviderName, Promise<string | undefined>>();

/** Why a provider cannot be used, found out once a thread; undefined where it can. */
function whyNot(provider: ProviderName): Promise<string | undefined> {
  let reason = reasons.get(provider);
  if (!reason)
    reasons.set(provider, (reason = provider === 'cpu' ? Promise.resolve(undefined) : tried(provider)));
  return reason;
}

async function tried(provider: ProviderName): Promise<string | undefined> {
  const backend = listSupportedBackends().find(({ name }) => name === provider);
  if (!backend) return `ONNX Runtime has none for ${process.platform} on ${process.arch}`;
  if (!backend.bundled && !existsSync(libraryOf(provider)))
    return `its library is not installed (${installCuda}; see docs/execution-providers.md)`;
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

/** Where onnxruntime-node's install script puts the library of a provider that does not come with the package. */
function libraryOf(provider: ProviderName): string {
  const folder = join(dirname(dirname(require.resolve('onnxruntime-node'))), 'bin', 'napi-v6');
  return join(folder, process.platform, process.arch, `libonnxruntime_providers_${provider}.so`);
}

/** A convolution: a provider that runs it has found its device and its kernels' libraries. */
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
