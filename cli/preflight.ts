import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { type PackedSpec, packSpec } from '../intake/pack-spec';
import { fetchModel, fetchSpec, fetchSplits } from '../intake/fetch-spec';
import { EngineError } from '../engine/errors';
import { inspectModel, type InspectOptions } from '../engine/api/inspect-model';
import type { ModelSummary } from '../engine/jobs/types';
import { modelFiles, possibleFiles } from '../engine/onnx/model';
import { loadData, loadLook, loadSpec, loadTraining, type Look } from '../run-spec/load';
import { SpecError } from '../run-spec/spec-error';
import type { CompressionSpec } from '../run-spec/spec';
import { computedMetric, isActivityMetric } from '../contract/metric';
import { rehearsalOf } from '../contract/rehearsal';
import { analysisOf } from '../contract/techniques';
import { visibleLines } from '../engine/visible';
import { RemoteError } from '../store/remote/remote-error';
import { BadInput } from './exit-status';
import { interruptible } from './interrupt';
import { sayPacking } from './packing-progress';

/**
 * Reads a spec, packs its data unless they are arrays or in the cache, and checks everything that can be
 * checked before a run starts; leaves no files but the cache's. Returns the spec with its data as arrays.
 * @param quiet true to not report the packing on standard error
 */
export async function preflight(file: string, { quiet = false } = {}): Promise<CompressionSpec> {
  const say = (text: string) => quiet || process.stderr.write(visibleLines(`${text}\n`));
  const spec = await packed(await fetched(readSpec(file), say), say);
  const { train, evaluate, test } = spec.data;
  const summary = await readModel(spec.model, {
    ...analysisOf(spec),
    data: [train, evaluate, test],
    metric: computedMetric(spec.metric, spec.model),
    ignoreLabel: spec.fineTune.ignoreLabel,
    rehearsal: {
      ...rehearsalOf(
        spec,
        spec.data,
        spec.model,
        isActivityMetric(spec.metric) ? undefined : computedMetric(spec.metric, spec.model),
      ),
      // Workers may have other devices than this machine.
      machinery: { threads: availableParallelism(), provider: 'cpu', linearAlgebra: 'auto' },
    },
  });
  if (!summary.parts.some(({ technique }) => spec.techniques.includes(technique)))
    throw new BadInput(
      [
        `model ${spec.model} has no layer that ${spec.techniques.join(' or ')} can compress`,
        ...summary.notes,
      ].join('; '),
    );
  const unknown = Object.keys({ ...spec.selection.ratios, ...spec.selection.channels }).filter(
    (name) => !summary.parts.some((part) => part.name === name && spec.techniques.includes(part.technique)),
  );
  if (unknown.length)
    throw new BadInput(
      `spec ${file}: selection names ${unknown.join(', ')}, which ${spec.techniques.join(' or ')} can not compress; \`slimflow inspect --json\` lists what can be compressed under "parts"`,
    );
  const problem = writeProblem(spec.outDir);
  if (problem) throw new BadInput(`spec ${file}: outDir ${spec.outDir} is not writable: ${problem}`);
  const replaced = replacedBy(outputFiles(spec.outDir), spec.model);
  if (replaced)
    throw new BadInput(
      `spec ${file}: outDir ${spec.outDir} contains ${replaced}, which the result would replace: set another folder`,
    );
  return { ...spec, inputSize: spec.inputSize ?? summary.inputSize };
}

/** Fetches the files of a spec that are on other machines. @throws BadInput that names the address */
const fetched = (spec: CompressionSpec, say: (text: string) => unknown): Promise<CompressionSpec> =>
  remoteErrorsAsBadInput((signal) => fetchSpec(spec, { signal, onDownload: sayFetching(say) }));

const sayFetching = (say: (text: string) => unknown) => (address: string) => say(`fetching ${address}`);

/** Fetches the splits that a spec has on other machines. @throws BadInput that names the address */
const fetchedSplits = <Splits extends Parameters<typeof fetchSplits>[0]>(data: Splits): Promise<Splits> =>
  remoteErrorsAsBadInput((signal) =>
    fetchSplits(data, {
      signal,
      onDownload: sayFetching((text) => process.stderr.write(visibleLines(`${text}\n`))),
    }),
  );

async function remoteErrorsAsBadInput<T>(fetch: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await interruptible(fetch);
  } catch (error) {
    if (error instanceof RemoteError || error instanceof EngineError)
      throw new BadInput(error.message, { cause: error });
    throw error;
  }
}

/** Turns the data of a spec into arrays. @throws BadInput if they can not be used */
async function packed(spec: CompressionSpec, say: (text: string) => unknown): Promise<PackedSpec> {
  try {
    return await interruptible((signal) => packSpec(spec, { signal, onProgress: sayPacking(say) }));
  } catch (error) {
    if (error instanceof EngineError) throw new BadInput(error.message, { cause: error });
    throw error;
  }
}

/** Returns the file of a model that would be replaced by writing others, if there is one. */
const replacedBy = (written: readonly string[], model: string): string | undefined =>
  modelFiles(model).find((path) => written.includes(resolve(path)));

/** @throws BadInput if writing a model to `out` would replace weights of another, `model` */
export function refuseReplacedWeights(model: string, out: string): void {
  if (resolve(model) === resolve(out)) return; // the user wants to replace the model
  let replaced: string | undefined;
  try {
    replaced = replacedBy(possibleFiles(resolve(out)), model);
  } catch (error) {
    if (error instanceof EngineError) throw new BadInput(error.message, { cause: error });
    throw error;
  }
  if (replaced)
    throw new BadInput(
      `--out ${out} would replace ${replaced}, which has weights of ${model}: give another file name`,
    );
}

/** Returns the files that a run may write its model to. */
export const outputFiles = (outDir: string): string[] => possibleFiles(resolve(outDir, 'model.onnx'));

/** Runs the engine's analysis of a model. @throws BadInput if the model or the data can not be used */
export async function readModel(model: string, options?: InspectOptions): Promise<ModelSummary> {
  try {
    return await inspectModel(model, options);
  } catch (error) {
    if (error instanceof EngineError) throw new BadInput(error.message, { cause: error });
    throw error;
  }
}

/** Returns why a folder is not writable; undefined if it is. Folders made for the check are removed. */
export function writeProblem(folder: string): string | undefined {
  const path = resolve(folder);
  const made: string[] = [];
  try {
    // One by one: with `recursive`, Node never returns if a folder can not exist, as under /proc.
    const missing: string[] = [];
    for (let at = path; !existsSync(at); at = dirname(at)) missing.unshift(at);
    for (const at of missing) {
      mkdirSync(at);
      made.unshift(at);
    }
    const probe = join(path, `.slimflow-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    for (const at of made) rmdirSync(at);
  }
}

/** Reads the data section of a spec, and its metric, and fetches what is on other machines. @throws BadInput */
export async function readData(file: string): Promise<ReturnType<typeof loadData>> {
  const spec = specErrorsAsBadInput(() => loadData(file));
  return { ...spec, data: await fetchedSplits(spec.data) };
}

/** Does so with the parts of a spec that training uses. @throws BadInput */
export async function readTraining(file: string): Promise<ReturnType<typeof loadTraining>> {
  const spec = specErrorsAsBadInput(() => loadTraining(file));
  return { ...spec, data: await fetchedSplits(spec.data) };
}

/** Does so with what data a spec has, and for which model. @throws BadInput */
export async function readLook(file: string): Promise<Look> {
  const look = specErrorsAsBadInput(() => loadLook(file));
  const { model } = look;
  return {
    ...look,
    ...(model !== undefined && {
      model: await remoteErrorsAsBadInput((signal) => fetchModel(model, { signal })),
    }),
    data: await fetchedSplits(look.data),
  };
}

/** Reads a spec; nothing that it names is opened. @throws BadInput */
export const readSpec = (file: string): CompressionSpec => specErrorsAsBadInput(() => loadSpec(file));

function specErrorsAsBadInput<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SpecError) throw new BadInput(error.message, { cause: error });
    throw error;
  }
}
