import type { HistoryAndWorkflowId } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../paths';
import { historyOf, jsonOf } from './json';

const folder = join(root, 'test', 'histories');
const manifest = readFileSync(join(root, 'package.json'), 'utf8');
/** The package's version: histories of a released one are kept when the next one's are recorded beside them. */
export const { version } = JSON.parse(manifest) as { version: string };
/** Histories of the worked example of docs/versioning.md. */
export const example = 'example';

/** A recorded history, by the name of its file. */
export interface Recorded extends HistoryAndWorkflowId {
  readonly history: History;
}

/** The folders of recorded histories: a version of Slimflow each, and the example. */
export const recorded = (): string[] => readdirSync(folder).sort();

/** Forgets the histories of a folder, which are about to be recorded again. */
export const clear = (of: string): void => rmSync(join(folder, of), { recursive: true, force: true });

/** Writes a history, an event a line. */
export function write(of: string, name: string, history: History): void {
  const text = JSON.stringify(jsonOf(history), anonymous);
  const { events } = JSON.parse(text) as { events: unknown[] };
  mkdirSync(join(folder, of), { recursive: true });
  const lines = events.map((event) => JSON.stringify(event));
  writeFileSync(join(folder, of, `${name}.json`), `{"events":[\n${lines.join(',\n')}\n]}\n`);
}

/** The process, host and folder that recorded a history are nobody's business. */
const anonymous = (key: string, value: unknown) =>
  key === 'identity' ? 'recorder' : key === 'stackTrace' ? undefined : value;

/** The names of the histories of a folder. */
export const names = (of: string): string[] =>
  readdirSync(join(folder, of))
    .map((file) => file.replace(/\.json$/, ''))
    .sort();

/** The histories of a folder, each with its name for an id. */
export const read = (of: string): Recorded[] =>
  names(of).map((name) => ({
    workflowId: name,
    history: historyOf(JSON.parse(readFileSync(join(folder, of, `${name}.json`), 'utf8'))),
  }));
