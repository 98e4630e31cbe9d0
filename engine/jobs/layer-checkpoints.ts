import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { NewestCheckpoints } from '../checkpoints';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { parseModel, serializeModel } from '../onnx/model';
import { readTensors, writeTensors } from '../tensor/safetensors';
import type { Tensor } from '../tensor/tensor';
import type { LeftOutputs } from '../reconstruction/refit-targets';
import type { Chosen } from './choose-plan';

/** A note for the reader of a compression. */
export interface LayerNote {
  readonly text: string;
  /** The layer whose fine-tuning it comes from. */
  readonly after?: string;
}

/** Progress of a model that is compressed part by part, each followed by fine-tuning. */
export interface LayerState {
  /** Units chosen for the parts at the start. */
  readonly chosen: Omit<Chosen, 'made'>;
  readonly graph: Graph;
  /** Positions in the plan of the compressed parts. */
  readonly done: readonly number[];
  /** Those of them, compressed last, whose fine-tuning is still to come; none if it is done. */
  readonly tuning: readonly number[];
  readonly left: LeftOutputs;
  readonly notes: readonly LayerNote[];
  /** Steps of all finished fine-tunings, and the mean loss of the last epoch of each. */
  readonly steps: number;
  readonly losses: readonly number[];
}

const format = 'slimflow layer by layer 2';
const bytesOf = (data: Uint8Array): Tensor => ({ type: 'uint8', dims: [data.length], data });

/** The checkpoint files of one model compressed part by part, of which the two newest are kept. */
export class LayerCheckpoints {
  private readonly files = new NewestCheckpoints();
  private written = 0;

  /** @param identity what a checkpoint must match to be resumed from: model and settings */
  constructor(
    private readonly folder: string,
    private readonly identity: string,
  ) {
    mkdirSync(folder, { recursive: true });
  }

  /**
   * Writes one file and returns its path.
   * @param training the trainer's own checkpoint of the fine-tuning in progress
   */
  write({ graph, left, ...state }: LayerState, training?: string): string {
    const path = resolve(join(this.folder, `layers-${++this.written}.safetensors`));
    const tensors = new Map([['model', bytesOf(serializeModel(graph))]]);
    if (training) tensors.set('training', bytesOf(readFileSync(training)));
    const told = JSON.stringify({ ...state, left: [...left] });
    writeTensors(path, tensors, { format, identity: this.identity, state: told });
    this.files.add(path);
    return path;
  }

  /**
   * Reads a checkpoint.
   * @param original the model being compressed, which knows what a file does not hold: sizes to assume, halves
   * @returns the state, and the trainer's checkpoint as a separate file
   * @throws EngineError `InvalidData` if the file is missing, broken, or of another model or settings
   */
  read(path: string, original: Graph): { state: LayerState; training?: string } {
    const { tensors, metadata } = readTensors(path);
    const model = tensors.get('model');
    if (metadata.format !== format || metadata.identity !== this.identity || !model)
      throw new EngineError(
        'InvalidData',
        `checkpoint ${path} is of another model, other settings or another version of Slimflow; delete it to start over`,
      );
    const told = toldIn(metadata.state);
    if (!told || model.type !== 'uint8')
      throw new EngineError('InvalidData', `checkpoint ${path} is damaged; delete it to start over`);
    const { left, ...state } = told;
    const graph = parseModel(model.data as Uint8Array, path);
    graph.context = original.context;
    const bytes = tensors.get('training')?.data as Uint8Array | undefined;
    const training = bytes && resolve(join(this.folder, 'resumed.safetensors'));
    if (training) writeFileSync(training, bytes);
    return { state: { ...state, graph, left: new Map(left) }, training };
  }
}

type Told = Omit<LayerState, 'graph' | 'left'> & { readonly left: [string, number[]][] };

/** Reads what a checkpoint says besides its model; undefined if it does not say it in full. */
function toldIn(text: string | undefined): Told | undefined {
  try {
    const told = JSON.parse(text ?? '') as Partial<Told> | null;
    if (typeof told !== 'object' || !told) return undefined;
    const { chosen, done, tuning, left, notes, steps, losses } = told;
    const areNumbers = [done, tuning, losses].every(
      (list) => Array.isArray(list) && list.every((one) => typeof one === 'number'),
    );
    const isLeft = (pair: unknown) =>
      Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && Array.isArray(pair[1]);
    const areLists = Array.isArray(left) && left.every(isLeft) && Array.isArray(notes);
    const isPlanned = Array.isArray(chosen?.selection?.plan) && Number.isSafeInteger(steps);
    return areNumbers && areLists && isPlanned ? (told as Told) : undefined;
  } catch {
    return undefined;
  }
}
