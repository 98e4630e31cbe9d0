import { linkSync, lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { EngineError } from '../errors';
import { isReread, type Span, spanOf } from '../onnx/external-data';
import type { Graph } from '../onnx/graph';
import { saveModel } from '../onnx/model';
import type { TensorProto } from '../onnx/proto/onnx_pb';
import { linkPrefix, temporaryPrefix as prefix } from '../onnx/weight-links';
import { identityOf } from '../regular-file';

/** A model on disk for ONNX Runtime to open. */
export interface TemporaryModel {
  readonly path: string;
  /** Removes it; call it once ONNX Runtime has opened the model, since mapped files stay readable. */
  readonly remove: () => void;
}

/**
 * Writes a model to its own folder in `parent`. Large weights that are stored in files are hard-linked rather than
 * copied, if possible.
 * @throws EngineError `InvalidSettings` if there is no room; nothing is left behind then
 */
export function temporaryModel(graph: Graph, parent: string): TemporaryModel {
  let folder: string | undefined;
  const remove = () => {
    try {
      if (folder) rmSync(folder, { recursive: true, force: true });
    } catch {
      // Some systems keep files in use: `removeStale` removes them later.
    }
  };
  try {
    folder = mkdtempSync(join(parent, `${prefix}${process.pid}-`));
    const path = join(folder, 'model.onnx');
    const inPlace = linking(folder);
    saveModel(graph, path, { externalData: true, narrow: false, durable: false, inPlace });
    return { path, remove };
  } catch (error) {
    remove();
    if (error instanceof EngineError) throw error;
    throw new EngineError(
      'InvalidSettings',
      `a model with a tensor of 2 GB or more must be written to a temporary folder, but writing to ${parent} failed ` +
        `(${(error as Error).message}): set TMPDIR to a folder with more room`,
      { cause: error },
    );
  }
}

/** Links large weights' files into `folder` on demand, and says where in them a tensor is. */
function linking(folder: string): (tensor: TensorProto) => Span | undefined {
  const links = new Map<string, string | undefined>();
  const linked = (file: string): string | undefined => {
    const link = join(folder, `${linkPrefix}${links.size}`);
    try {
      linkSync(file, link);
      return link;
    } catch {
      return undefined; // another file system, or one without links: copy the bytes
    }
  };
  return (tensor) => {
    if (!isReread(tensor)) return undefined;
    const { path: file, offset, length, identity } = spanOf(tensor);
    if (!links.has(file)) links.set(file, linked(file));
    const path = links.get(file);
    // A file that was changed or replaced is left to the reader, which rejects it.
    if (!path || identityOf(lstatSync(path, { bigint: true })) !== identity) return undefined;
    return { path, offset, length };
  };
}
