import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

import { root } from '../paths';
import type { ContainerSpec } from './container';
import { imageOf } from './image';

const documents = (text: string): unknown[] =>
  parseAllDocuments(text, { merge: true }).map((document) => document.toJS() as unknown);
const read = (file: string) => documents(readFileSync(join(root, 'deploy', file), 'utf8'));

/** The image of `slimflow:cpu` or `slimflow:gpu`, in whichever registry. */
const named = (image: string) => imageOf(/slimflow:(?:.*-)?(cpu|gpu)$/.exec(image)![1]);

/** A service of the compose file, as far as it is used here. */
interface Service {
  readonly image: string;
  readonly command?: string[];
  readonly environment: Record<string, string>;
  readonly read_only?: boolean;
  readonly tmpfs?: string[];
  readonly volumes?: string[];
  readonly healthcheck?: { readonly test: [string, ...string[]] };
}

/** A service of the compose file as a container, and the command of its health check. */
export function composed(name: string): ContainerSpec & { readonly check: readonly string[] } {
  const [{ services }] = read('compose/compose.yaml') as [{ services: Record<string, Service> }];
  const {
    image,
    command,
    environment,
    read_only = false,
    tmpfs = [],
    volumes = [],
    healthcheck,
  } = services[name];
  return {
    image: named(image),
    command,
    env: environment,
    readOnly: read_only,
    tmpfs,
    volumes: Object.fromEntries(volumes.map((one) => [one.split(':')[1], 'image'])),
    check: healthcheck?.test.slice(1) ?? [],
  };
}

interface Pod {
  readonly securityContext: { readonly runAsUser: number };
  readonly containers: readonly {
    readonly image: string;
    readonly args: string[];
    readonly env?: readonly { readonly name: string; readonly value?: string }[];
    readonly securityContext: { readonly readOnlyRootFilesystem: boolean };
    readonly volumeMounts?: readonly { readonly mountPath: string }[];
  }[];
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Record<string, string>;
  readonly spec?: { readonly template?: { readonly spec: Pod } };
}

/**
 * The pod of a deployment or job as a container.
 * @param manifests YAML with it and with the config map that it takes its environment from
 * @param more what the secret holds, and what a platform team sets in the config map
 */
export function podOf(manifests: string, name: string, more: Record<string, string>): ContainerSpec {
  const all = documents(manifests) as (Manifest | null)[];
  const { data = {} } = all.find((one) => one?.kind === 'ConfigMap')!;
  const pod = all.find((one) => one?.spec?.template && one.metadata.name === name)!.spec!.template!.spec;
  const [{ image, args, env: own = [], securityContext, volumeMounts = [] }] = pod.containers;
  const env: Record<string, string> = {
    ...data,
    ...more,
    ...Object.fromEntries(own.map(({ name, value = '' }) => [name, value])),
  };
  return {
    image: named(image),
    command: args.map((arg) => arg.replace(/\$\((\w+)\)/g, (_, key: string) => env[key])),
    env,
    readOnly: securityContext.readOnlyRootFilesystem,
    user: pod.securityContext.runAsUser,
    tmpfs: [],
    volumes: Object.fromEntries(volumeMounts.map(({ mountPath }) => [mountPath, 'group'])),
  };
}

/** The manifests of a folder of `deploy/`, as one text. */
export const manifestsIn = (...files: string[]): string =>
  files.map((file) => readFileSync(join(root, 'deploy', file), 'utf8')).join('\n---\n');
