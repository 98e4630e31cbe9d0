import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

import { slimflow } from '../support/cli';
import { polledQueues } from '../../contract/task-queues';
import { imageOf } from '../support/emulated/image';
import { root } from '../support/paths';

const deploy = join(root, 'deploy');
const files = readdirSync(deploy, { recursive: true, encoding: 'utf8' });
const text = (file: string) => readFileSync(join(deploy, file), 'utf8');

/** Every list of strings in a document that starts with a command of slimflow. */
function commandsIn(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  const list = Object.values(value);
  if (Array.isArray(value) && ['worker', 'setup'].includes(list[0] as string)) return [list as string[]];
  return list.flatMap(commandsIn);
}

const yaml = files.filter((file) => file.endsWith('.yaml') && !/^(postgres|helm)/.test(file));
const commands = [
  ...yaml.flatMap((file) =>
    parseAllDocuments(text(file), { merge: true }).flatMap((document) =>
      commandsIn(document.toJS()).map((command) => [file, command] as const),
    ),
  ),
  ...files
    .filter((file) => file.endsWith('.Dockerfile'))
    .map((file) => [file, JSON.parse(/^CMD (\[.*\])$/m.exec(text(file))![1]) as string[]] as const),
];

test('there are commands in images, compose file and manifests', () => {
  expect(new Set(commands.map(([file]) => file)).size).toBe(6);
});

test.each(commands)('%s: slimflow %j is a command that there is', async (_file, [name, ...options]) => {
  const { out: help, status } = await slimflow(root, [name, '--help']);
  expect(status).toBe(0);
  for (const option of options.filter((word) => word.startsWith('--')))
    expect(help).toMatch(new RegExp(`${option}\\b`));
});

test('images keep everything that a worker writes in their volume', () => {
  for (const name of ['cpu', 'gpu']) {
    const { env, own } = imageOf(name);
    for (const key of ['SLIMFLOW_STATE', 'SLIMFLOW_CACHE'])
      expect([name, key, own.some((folder) => `${env[key]}/`.startsWith(`${folder}/`))]).toEqual([
        name,
        key,
        true,
      ]);
  }
});

test('workers without a GPU leave work for GPUs alone, and those with one share the rest', () => {
  const queues = commands
    .filter(([, [name]]) => name === 'worker')
    .map(([file, command]) => `${command[command.indexOf('--queue') + 1]} ${file.includes('gpu')}`);
  expect([...new Set(queues)].sort()).toEqual(['cpu false', 'gpu false', 'gpu true']);
  expect(polledQueues('slimflow', 'gpu').map(({ taskQueue }) => taskQueue)).toContain('slimflow');
});

test('health is asked for at the port that workers are told', () => {
  for (const [file, command] of commands.filter(([, [name]]) => name === 'worker')) {
    const port = command[command.indexOf('--health-port') + 1];
    expect([file, text(file).includes(port)]).toEqual([file, true]);
    // Probes come from outside the container: by default a worker hears its own machine alone.
    expect([file, command[command.indexOf('--health-host') + 1]]).toEqual([file, '0.0.0.0']);
  }
});

test('images are built of all that the compiler and the build scripts read', () => {
  const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as { include: string[] };
  const sent = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  const read = [
    ...include.filter((name) => !/[*]|^examples$/.test(name)),
    'scripts',
    'index.ts',
    'workflow.ts',
  ];
  expect(read.filter((name) => !sent.includes(`!${name}`))).toEqual([]);
  expect(sent.filter((line) => /^![^*]/.test(line) && !existsSync(join(root, line.slice(1))))).toEqual([]);
  for (const file of files.filter((name) => name.endsWith('.Dockerfile'))) {
    const [, copied] = /^COPY (.+) \.\/$/m.exec(text(file))!;
    expect(copied.split(' ').filter((name) => !sent.includes(`!${name}`))).toEqual([]);
  }
});
