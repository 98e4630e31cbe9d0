import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { existingServer } from '../server/find-server';
import { temporalBinary } from '../server/temporal-binary';
import { describeLinearAlgebra } from '../engine/linalg/choose';
import { describeProviders } from '../engine/runtime/providers';
import { capacity } from '../workers/capacity';
import { exitStatus } from './exit-status';
import { inRange } from './node-range';
import { writeProblem } from './preflight';
import { visibleLines } from '../engine/visible';

/** The result of a check; `ok` is false if runs can not work without it. */
interface Finding {
  readonly subject: string;
  readonly ok: boolean;
  readonly text: string;
}

/** `slimflow doctor`: checks prerequisites and shows what a run would use. */
export async function doctor(state: string): Promise<number> {
  const findings = [
    node(),
    await onnxRuntime(),
    linearAlgebra(),
    await temporal(state),
    store(state),
    cores(),
  ];
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  for (const { subject, ok, text } of findings)
    process.stdout.write(
      visibleLines(
        `${ok ? 'ok     ' : 'MISSING'} ${subject.padEnd(width)}  ${text.replaceAll('\n', `\n${' '.repeat(width + 10)}`)}\n`,
      ),
    );
  return findings.every(({ ok }) => ok) ? exitStatus.done : exitStatus.failed;
}

function node(): Finding {
  const manifest = readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8');
  const { engines } = JSON.parse(manifest) as { engines: { node: string } };
  const ok = inRange(process.versions.node, engines.node);
  return { subject: 'Node', ok, text: `${process.version}${ok ? '' : `; install ${engines.node}`}` };
}

async function onnxRuntime(): Promise<Finding> {
  const subject = 'ONNX Runtime';
  try {
    const { used, providers } = await describeProviders();
    const states = providers.map(({ name, state, why }) => `${name}: ${state}${why ? ` (${why})` : ''}`);
    const version = `${versionOf('onnxruntime-node')}, execution providers`;
    return { subject, ok: used !== undefined, text: [version, ...states].join('\n') };
  } catch (error) {
    return { subject, ok: false, text: (error as Error).message };
  }
}

function linearAlgebra(): Finding {
  const { chosen, backends } = describeLinearAlgebra();
  const text = backends
    .map(({ name, available, detail }) => {
      if (name === chosen) return `${name}: used, ${detail}`;
      return `${name}: ${available ? 'available' : detail}`;
    })
    .join('\n');
  return { subject: 'linear algebra', ok: true, text };
}

async function temporal(state: string): Promise<Finding> {
  const subject = 'Temporal server';
  try {
    const server = await existingServer(state);
    if (server) return { subject, ok: true, text: server.found };
    const { path, from } = await temporalBinary();
    return { subject, ok: true, text: `not running; ${path} will be started (${from})` };
  } catch (error) {
    return { subject, ok: false, text: (error as Error).message };
  }
}

function store(state: string): Finding {
  const problem = writeProblem(state);
  return { subject: 'store', ok: !problem, text: problem ?? `${state} is writable` };
}

function cores(): Finding {
  const { slots, threads } = capacity();
  return { subject: 'capacity', ok: true, text: `${slots} concurrent jobs with ${threads} threads each` };
}

/** Returns the version of an installed package, even if it does not export its package.json. */
const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(join(folderOf(name), 'package.json'), 'utf8')) as { version: string }).version;

function folderOf(name: string): string {
  let folder = dirname(require.resolve(name));
  while (!folder.endsWith(join('node_modules', name))) folder = dirname(folder);
  return folder;
}
