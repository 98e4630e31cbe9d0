import { dirname, resolve } from 'node:path';

import { mostLossGraph } from '../engine/training/setting-rules';
import { readRegularSync } from '../engine/regular-file';
import { SpecError } from './spec-error';

/** Largest file, in bytes, whose base64 is short enough. */
const mostBytes = (mostLossGraph / 4) * 3;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Replaces the file of a loss of the user's own, `fineTune: { loss: { graph: FILE } }`, by its content, which is small and
 * goes with the settings from there on.
 * @param spec file whose folder the path is relative to
 * @throws SpecError if it can't be read, or is too large
 */
export function withLossGraph(document: unknown, spec: string): unknown {
  if (!isObject(document) || !isObject(document.fineTune) || !isObject(document.fineTune.loss))
    return document;
  const { loss, ...fineTune } = document.fineTune;
  const { graph, ...others } = loss;
  const refuse = (why: string) => new SpecError(`spec ${spec}: fineTune.loss ${why}`);
  if (typeof graph !== 'string' || Object.keys(others).length)
    throw refuse('must be the name of a loss, or { graph: FILE } with an ONNX file');
  let bytes: Buffer;
  try {
    bytes = readRegularSync(resolve(dirname(resolve(spec)), graph), mostBytes);
  } catch (error) {
    throw refuse(`can't be read: ${graph}: ${(error as Error).message}`);
  }
  return { ...document, fineTune: { ...fineTune, lossGraph: bytes.toString('base64') } };
}
