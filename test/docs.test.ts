import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { deadLinks, targets } from './support/markdown';
import { root } from './support/paths';

const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const pages = [
  'README.md',
  ...docs.map((name) => `docs/${name}`),
  'examples/digits/README.md',
  'CHANGELOG.md',
  'THIRD-PARTY.md',
];
const read = (page: string) => readFileSync(join(root, page), 'utf8');
const slimflow = (...args: string[]): string =>
  execFileSync(process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...args], { encoding: 'utf8' });
/** The commands that `slimflow --help` lists. */
const commands = [...slimflow('--help').matchAll(/^ {2}([a-z]+) (?:\[|<|\w).*$/gm)]
  .map(([, name]) => name)
  .filter((name) => name !== 'help' && name !== 'slimflow');

describe.each(pages)('%s', (page) => {
  it('links to files and headings that are there', () => {
    expect(deadLinks(root, page)).toEqual([]);
  });

  it('names commands that there are', () => {
    const named = [...read(page).matchAll(/(?:`|^\$? ?)(?:npx )?slimflow ([a-z]+)\b/gm)].map(
      ([, name]) => name,
    );
    expect(named.filter((name) => !commands.includes(name))).toEqual([]);
  });
});

describe('README.md and docs/commands.md', () => {
  const readme = read('README.md');
  const page = read('docs/commands.md');

  it('docs/commands.md has every command in its table, and no other', () => {
    const rows = [...page.matchAll(/^\| (`slimflow .*?) \|/gm)].flatMap(([, cell]) =>
      [...cell.matchAll(/`slimflow ([a-z]+)/g)].map(([, name]) => name),
    );
    expect(rows.toSorted()).toEqual(commands.toSorted());
  });

  it('README.md links to every page of docs/', () => {
    const linked = new Set(targets(readme).map((target) => target.split('#')[0]));
    expect(docs.filter((name) => !linked.has(`docs/${name}`))).toEqual([]);
  });

  it('use options that exist', () => {
    const lines = [...`${readme}\n${page}`.matchAll(/^ *\$? ?(?:ID=\$\()?(?:npx )?slimflow ([a-z]+)(.*)$/gm)];
    expect(lines.length).toBeGreaterThan(20);
    const unknown = lines.flatMap(([, command, rest]) => {
      const help = slimflow(command, '--help');
      return [...rest.split(' #')[0].matchAll(/ (--[a-z-]+)/g)]
        .map(([, option]) => option)
        .filter((option) => !new RegExp(`${option}\\b`).test(help))
        .map((option) => `${command} ${option}`);
    });
    expect(unknown).toEqual([]);
  });

  it('say what each exit status means, as --help does', () => {
    const status = (text: string) =>
      [.../Exit status: ([^]*?)\.(?:\s|$)/.exec(text)![1].matchAll(/\b(\d+) /g)].map(([, code]) => code);
    expect(status(readme)).toEqual(status(slimflow('--help')));
    expect(status(page.replaceAll('**', '').replace('Exit status. ', 'Exit status: '))).toEqual(
      status(slimflow('--help')),
    );
  });
});

it('docs/architecture.md names every room', () => {
  const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as { include: string[] };
  const folders = (folder: string) =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  const rooms = [
    ...include.map((pattern) => pattern.split('/')[0]).filter((name) => !name.endsWith('.ts')),
    ...folders('engine'),
  ];
  expect(rooms.length).toBeGreaterThan(15);
  const page = read('docs/architecture.md');
  expect(rooms.filter((room) => !new RegExp(`^ *${room}/`, 'm').test(page))).toEqual([]);
});
