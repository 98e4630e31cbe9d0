import { stringify } from 'yaml';

import { changedSettings } from '../../../client/run-memo';
import type { RunSources } from '../../../client/run-sources';
import type { DataRef } from '../../../contract/activities';
import { counted } from '../../../contract/verdict';
import type { Reported } from '../../../client/reported';
import type { Result } from '../../../run-spec/result-schema';
import { canonicalJson } from '../../../store/digest';
import type { ArtifactRef } from '../../../store/artifact';

/** Code, runtime and device. */
type Maker = Result['candidates'][number]['provenance'][number];

/** A file by its content. */
export interface DigestRow {
  readonly what: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Versions, devices, files and settings of a run, and commands to repeat it. */
export interface ProvenanceData {
  readonly workflowId: string;
  readonly runId: string;
  /** ISO times; left out if the history is gone. */
  readonly startedAt?: string;
  readonly endedAt?: string;
  /** Each combination of code, runtime and device that worked on it. */
  readonly makers: readonly (Maker & { readonly did: readonly string[] })[];
  readonly workers: readonly string[];
  readonly files: readonly DigestRow[];
  /** The settings that differ from their defaults, and all of them, as YAML. */
  readonly spec?: string;
  readonly filledIn?: string;
  readonly commands: readonly string[];
}

/** Collects the provenance of a run. */
export function provenanceOf({ result, record }: RunSources): ProvenanceData {
  const settings = record?.input.settings;
  return {
    workflowId: result.workflowId,
    runId: result.runId,
    ...(record && {
      startedAt: new Date(record.startedAt).toISOString(),
      endedAt: new Date(record.endedAt).toISOString(),
    }),
    makers: makersOf(result),
    workers: [
      ...new Set((record?.pieces ?? []).flatMap(({ worker }) => (worker === undefined ? [] : [worker]))),
    ],
    files: filesOf(result, record),
    ...(settings && { spec: stringify(changedSettings(settings)), filledIn: stringify(settings) }),
    commands: [
      `slimflow result ${result.workflowId} --out out`,
      `slimflow report ${result.workflowId} --out report.html`,
      'slimflow run SPEC',
    ],
  };
}

function makersOf(result: Reported): ProvenanceData['makers'] {
  const found = new Map<string, { maker: Maker; did: Set<string> }>();
  const add = (maker: Maker, did: string) => {
    const key = canonicalJson(maker);
    const entry = found.get(key) ?? { maker, did: new Set() };
    found.set(key, entry);
    entry.did.add(did);
  };
  for (const { provenance = [] } of result.candidates)
    provenance.forEach((maker, at) => add(maker, at ? 'fine-tuning' : 'compression'));
  if (result.latencyBy) {
    const { threads, batch: _batch, taskQueue, ...timer } = result.latencyBy;
    const how = [
      ...(taskQueue === undefined ? [] : [`task queue ${taskQueue}`]),
      ...(threads === undefined ? [] : [counted(threads, 'thread')]),
    ];
    add(timer, how.length ? `latency (${how.join(', ')})` : 'latency');
  }
  return [...found.values()].map(({ maker, did }) => ({ ...maker, did: [...did] }));
}

function filesOf(result: Reported, record: RunSources['record']): DigestRow[] {
  const rows: DigestRow[] = [];
  const add = (what: string, ref: Partial<ArtifactRef> | undefined) => {
    if (ref?.sha256 !== undefined && ref.bytes !== undefined)
      rows.push({ what, sha256: ref.sha256, bytes: ref.bytes });
  };
  add('original model', record?.input.model);
  for (const [split, { images, labels, inputs = {} }] of Object.entries<DataRef>({ ...record?.input.data })) {
    add(`${split}: images`, images);
    add(`${split}: labels`, labels);
    for (const [name, ref] of Object.entries<ArtifactRef>(inputs)) add(`${split}: ${name}`, ref);
  }
  const chosen = result.candidates.find(({ id }) => id === result.selected);
  add(`selected model (${result.selected})`, chosen?.model);
  return rows;
}
