import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { temporalBinary } from '../../server/temporal-binary';
import { Container, type ContainerSpec } from '../support/emulated/container';
import { Lan, type Ran } from '../support/emulated/lan';
import { rendered } from '../support/emulated/helm';
import { composed, manifestsIn, podOf } from '../support/emulated/manifests';
import { inFolder } from '../support/folder';
import { root } from '../support/paths';
import { s3Program } from '../support/s3-server';
import { tinyJob } from '../support/tiny';

/** Names by which the compose file and the manifests call Temporal and the store. */
const names = ['temporal', 'objects', 'temporal-frontend.temporal', 'objects.storage'];
const keys = { AWS_ACCESS_KEY_ID: 'slimflow', AWS_SECRET_ACCESS_KEY: 'slimflow-secret' };
/** The environment of a user, as docs/deploy.md has it. */
const shell = {
  ...keys,
  AWS_ENDPOINT_URL_S3: 'http://objects:7070',
  AWS_REGION: 'us-east-1',
  TEMPORAL_ADDRESS: 'temporal:7233',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

/** A host with Temporal and an S3 store at the addresses that the files of `deploy/` name. */
class Site {
  readonly lan = new Lan(names);
  private readonly containers: Container[] = [];

  constructor(readonly folder: string) {}

  async begin(): Promise<void> {
    const { path } = await temporalBinary();
    const { lan, folder } = this;
    mkdirSync(join(folder, 'buckets', 'slimflow'), { recursive: true });
    lan.spawn(path, ['server', 'start-dev', '--ip', '0.0.0.0', '--headless', '--log-level', 'error']);
    const auth = ['--auth-key', 'slimflow,slimflow-secret', '--config', ''];
    const s3 = ['serve', 's3', '--addr', `${lan.address}:7070`, ...auth];
    lan.spawn(await s3Program(), [...s3, join(folder, 'buckets')]);
    for (const port of [7233, 7070]) await this.listens(lan.address, port);
  }

  start(name: string, spec: ContainerSpec): Container {
    const container = new Container(this.folder, this.lan, name, spec);
    this.containers.push(container);
    return container;
  }

  /** Runs `slimflow` on the side of its user; fails unless it ends with status 0. */
  async slimflow(...args: string[]): Promise<string> {
    const main = join(root, 'dist', 'cli', 'main.js');
    // The names are the services' own on that side.
    const env = Object.fromEntries(
      Object.entries(shell).map(([key, value]) => [key, value.replace(/temporal|objects/, this.lan.address)]),
    );
    const safe = { ...env, ...keys };
    const { status, out, err } = await this.lan.run(process.execPath, [main, ...args], safe, this.folder);
    if (status !== 0) throw new Error(`slimflow ${args[0]} ended with ${status}: ${out}${err}${this.said()}`);
    return out;
  }

  /** Runs a script of a user, in whose shell the services have the names of the compose file. */
  shell(script: string): Promise<Ran> {
    const hosts = join(this.folder, 'hosts');
    writeFileSync(hosts, this.lan.hosts());
    const main = join(root, 'dist', 'cli', 'main.js');
    const prelude = `set -eu
mount --bind ${hosts} /etc/hosts
slimflow() { ${process.execPath} ${main} "$@"; }
`;
    const quiet = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
    return this.lan.run('unshare', ['--mount', 'bash', '-c', prelude + script], quiet, this.folder);
  }

  /** Runs a probe of a container again and again until it succeeds, or the container ends. */
  async until(container: Container, probe: readonly string[]): Promise<void> {
    let over = false;
    void container.ended.then(() => (over = true));
    while ((await container.exec(probe)) !== 0)
      if (over) throw new Error(`${container.name} ended: ${container.said}`);
  }

  async close(): Promise<void> {
    await Promise.all(this.containers.map((one) => one.stop('SIGKILL')));
    this.lan.close();
  }

  private said = () => this.containers.map(({ name, said }) => `\n# ${name}\n${said}`).join('');

  private async listens(host: string, port: number): Promise<void> {
    const probe = `require('net').connect(${port}, '${host}').on('error', () => process.exit(1)).on('connect', () => process.exit(0))`;
    while ((await this.lan.run(process.execPath, ['-e', probe])).status !== 0);
  }
}

const onSite = (work: (site: Site) => Promise<void>) =>
  inFolder(async (folder) => {
    const site = new Site(folder);
    try {
      await site.begin();
      await work(site);
    } finally {
      await site.close();
    }
  });

/** A whole run by whatever workers are there. */
async function runThrough(site: Site): Promise<void> {
  const job = tinyJob(site.folder, { techniques: ['spatial-svd'], ssvdTargets: [0.5] });
  const store = ['--store', 's3://slimflow/store'];
  const id = (await site.slimflow('start', job, '--task-queue', 'slimflow', ...store)).trim();
  await site.slimflow('watch', id);
  expect(await site.slimflow('result', id, '--out', 'out', ...store)).toMatch(/Selected|selected/);
}

const ready = [
  'node',
  '-e',
  "fetch('http://127.0.0.1:8080/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))",
];

const measured = [
  'node',
  '-e',
  "fetch('http://127.0.0.1:9090/metrics').then((r) => r.text()).then((t) => process.exit(/^slimflow_server_up 1$/m.test(t) ? 0 : 1))",
];

test('compose: the services as they are written carry out a run, and stop in peace', () =>
  onSite(async (site) => {
    const setup = site.start('setup', composed('setup'));
    expect([await setup.ended, setup.said]).toEqual([0, expect.any(String)]);
    const spec = composed('worker');
    const worker = site.start('worker', spec);
    await site.until(worker, spec.check);
    await runThrough(site);
    expect(await worker.stop()).toBe(0);
  }));

const more = { ...keys, AWS_ENDPOINT_URL_S3: 'http://objects.storage:7070' };

/** Carries out a run by the pods of manifests: the job that sets up, and workers of both kinds. */
const runPods = (manifests: string, setupName: string) =>
  onSite(async (site) => {
    const setup = site.start('setup', podOf(manifests, setupName, more));
    expect([await setup.ended, setup.said]).toEqual([0, expect.any(String)]);
    const pods = ['worker-cpu', 'worker-gpu'].map((name) => site.start(name, podOf(manifests, name, more)));
    for (const pod of pods) await site.until(pod, ready);
    await runThrough(site);
    for (const pod of pods) expect(await pod.exec(measured)).toBe(0);
    expect(await Promise.all(pods.map((pod) => pod.stop()))).toEqual([0, 0]);
  });

test('Kubernetes: the pods of base and gpu carry out a run of a spec that names no device', () =>
  runPods(
    manifestsIn(
      'kubernetes/base/config.yaml',
      'kubernetes/base/setup.yaml',
      'kubernetes/base/worker-cpu.yaml',
      'kubernetes/gpu/worker-gpu.yaml',
    ),
    'slimflow-setup',
  ));

/** The commands of a page that are marked `sh`, as one script. */
const scriptOf = (page: string): string =>
  [...readFileSync(join(root, 'docs', page), 'utf8').matchAll(/^```sh\n([^]*?)^```$/gm)]
    .map(([, commands]) => commands)
    .join('\n');

test('docs/production.md: its commands, in order, with the chart for the cluster', () =>
  onSite(async (site) => {
    const values = ['s3Endpoint=http://objects.storage:7070'];
    const manifests = await rendered(values);
    const setup = site.start('setup', podOf(manifests, 'slimflow-setup-1', more));
    expect(await setup.ended).toBe(0);
    const pod = site.start('worker-cpu', podOf(manifests, 'worker-cpu', more));
    await site.until(pod, ready);
    tinyJob(site.folder, { techniques: ['spatial-svd'], ssvdTargets: [0.5] });
    const script = scriptOf('production.md');
    expect(script).toMatch(/slimflow start[^]*slimflow watch[^]*slimflow result[^]*slimflow gc/);
    const ended = await site.shell(script);
    expect([ended.status, ended.out]).toEqual([0, expect.stringMatching(/[Ss]elected/)]);
    expect(existsSync(join(site.folder, 'out', 'model.onnx'))).toBe(true);
  }));

test('Helm: the pods of the chart carry out a run', async () => {
  const values = ['workers.gpu.enabled=true', 's3Endpoint=http://objects.storage:7070'];
  await runPods(await rendered(values), 'slimflow-setup-1');
});
