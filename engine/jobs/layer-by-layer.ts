import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { Dataset } from '../data/dataset';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { serializeModel, weightBytes } from '../onnx/model';
import { trainable } from './trainable';
import { needsLabels } from '../training/settings';
import { train } from '../training/trainer';
import type { Chosen } from './choose-plan';
import type { Compressed, Compressor, Part } from './compressor';
import { compressorOf } from './compressors';
import { foundAgain } from './match-parts';
import type { JobContext } from './job-context';
import { LayerCheckpoints, type LayerNote, type LayerState } from './layer-checkpoints';
import type { Tools } from './backends';
import { checkTrainable } from './check-trainable';
import type { CompressInput, FineTuneEach, FineTuneSettings } from './types';
import { verify } from './verify';

/** A model compressed layer by layer, and the units that had been chosen for its parts. */
export interface Tuned {
  readonly chosen: Omit<Chosen, 'made'>;
  readonly graph: Graph;
  readonly notes: readonly string[];
}

/**
 * Checks that a model can be fine-tuned between its compressed layers, before anything long begins.
 * @throws EngineError `InvalidSettings`, `InvalidData`
 */
export function checkFineTuneEach(
  { epochs, ...settings }: Pick<FineTuneSettings, 'epochs' | 'distillation'>,
  train: CompressInput['train'] | undefined,
): void {
  if (!(epochs > 0 && epochs < Infinity))
    throw new EngineError(
      'InvalidSettings',
      `epochs of fine-tuning after each layer must be above 0 (a fraction is allowed), not ${epochs}`,
    );
  const labels = needsLabels(settings);
  if (train && 'images' in train && (train.labels !== undefined || !labels)) return;
  throw new EngineError(
    'InvalidSettings',
    labels
      ? 'fine-tuning after each layer needs labels of the training data: name them in data.train.labels'
      : 'fine-tuning after each layer needs training data: name them in data.train',
  );
}

/**
 * Compresses a model part by part in forward order, each followed by a short fine-tuning of the whole network (the mode
 * that AIMET offers by a hook). Units are chosen once, on the model as it is; every part is then located in the network
 * as fine-tuned so far, compressed with its weights, verified against its equal and followed by fine-tuning. Pruned
 * layers are refitted to what the given model computes. A checkpoint is written after each part and whenever the
 * trainer writes one: resumed work is bit-identical to uninterrupted work.
 * @param choose chooses each part's units
 * @throws EngineError as compressing and training do
 */
export async function compressLayerByLayer(
  original: Graph,
  compressor: Compressor,
  input: CompressInput & { readonly fineTuneEach: FineTuneEach },
  tools: Tools,
  context: JobContext,
  choose: () => Promise<Chosen>,
): Promise<Tuned> {
  const { fineTuneEach, train: source } = input;
  checkFineTuneEach(fineTuneEach.settings, source);
  checkTrainable(input.model, weightBytes(original));
  const teacher = await teacherOf(original, fineTuneEach);
  const identity = identityOf(original, input, teacher);
  const checkpoints = new LayerCheckpoints(fineTuneEach.checkpoints, identity);
  const resumed = fineTuneEach.resume ? checkpoints.read(fineTuneEach.resume, original) : undefined;
  let training = resumed?.training;
  let state = resumed?.state ?? begun(original, await choose());
  const data = Dataset.open(source as Exclude<typeof source, { random: unknown }>);
  try {
    const run = new Layers(original, compressor, input, tools, context, checkpoints, data, teacher);
    for (let next = run.next(state); state.tuning.length || next !== undefined; next = run.next(state)) {
      if (!state.tuning.length) state = await run.compress(state, next!);
      state = await run.tune(state, training);
      training = undefined;
    }
    return {
      chosen: state.chosen,
      graph: state.graph,
      notes: [...state.notes.map(noteText), run.told(state)],
    };
  } finally {
    data.close();
  }
}

/** Merges the notes of the fine-tunings after each layer: what is true of all of them is said once. */
export function withFineTuning(
  notes: readonly LayerNote[],
  after: string,
  told: readonly string[],
): LayerNote[] {
  const isTold = (text: string) => notes.some((note) => note.after !== undefined && note.text === text);
  return [...notes, ...told.filter((text) => !isTold(text)).map((text) => ({ text, after }))];
}

const noteText = ({ text, after }: LayerNote): string =>
  after === undefined ? text : `fine-tuning after ${after}: ${text}`;

const begun = (graph: Graph, { made: _made, ...chosen }: Chosen): LayerState => ({
  chosen,
  graph,
  done: [],
  tuning: [],
  left: new Map(),
  notes: [],
  steps: 0,
  losses: [],
});

/** Returns what fine-tuning learns from besides labels, if requested. */
async function teacherOf(original: Graph, { settings, teacher }: FineTuneEach): Promise<Graph | undefined> {
  if (!settings.distillation) return undefined;
  return teacher === undefined ? original : trainable(teacher);
}

/** Computes what a checkpoint must match. */
function identityOf(graph: Graph, input: CompressInput, teacher: Graph | undefined): string {
  const { method, selection, target, scores, reconstruction, fineTuneEach } = input;
  const told = [method, selection, target, scores, reconstruction, fineTuneEach?.settings];
  const hash = createHash('sha256').update(serializeModel(graph)).update(JSON.stringify(told));
  if (teacher && teacher !== graph) hash.update(serializeModel(teacher));
  return hash.digest('hex');
}

/** The steps from one state to the next. */
class Layers {
  /** Steps of the fine-tuning that follows a part, and how the samples of a fraction of an epoch are counted. */
  private readonly passes: number;
  private readonly samples: number;
  private readonly each: number;

  constructor(
    private readonly original: Graph,
    private readonly compressor: Compressor,
    private readonly input: CompressInput & { readonly fineTuneEach: FineTuneEach },
    private readonly tools: Tools,
    private readonly context: JobContext,
    private readonly checkpoints: LayerCheckpoints,
    private readonly data: Dataset,
    private readonly teacher: Graph | undefined,
  ) {
    const { epochs, batch } = input.fineTuneEach.settings;
    this.passes = Math.ceil(epochs);
    this.samples = Math.max(1, Math.round((data.length * epochs) / this.passes));
    this.each = this.passes * Math.ceil(this.samples / batch);
  }

  /** Returns the position in the plan of the next part; undefined if all are compressed. */
  next(state: LayerState): number | undefined {
    return this.open(state)[0];
  }

  /** Compresses a part, and with it those that could not be found again after it alone. */
  async compress(state: LayerState, next: number): Promise<LayerState> {
    const { parts } = this.compressor;
    const { plan } = state.chosen.selection;
    let stage = [next];
    let made: Compressed;
    for (let lost = stage; lost.length; stage = [...new Set([...stage, ...lost])]) {
      this.context.checkStop();
      const { compressor, places } = await this.found(state.graph, state, state.done);
      const own = new Map(stage.map((at) => [places[at], plan[at]]));
      made = await compressor.compress(compressor.parts.map((part) => own.get(part) ?? null));
      const doneAfter = [...state.done, ...stage];
      const after = await this.found(made.graph, state, doneAfter);
      lost = this.open({ ...state, done: doneAfter }).filter((at) => !after.places[at]);
    }
    await verify(made!, this.input, this.tools);
    const [first, ...others] = stage.map((at) => parts[at].name);
    const joined = others.length
      ? [`${others.join(', ')}: compressed together with ${first}, after which it could not be found again`]
      : [];
    return {
      ...state,
      graph: made!.graph,
      done: [...state.done, ...stage],
      tuning: stage,
      left: made!.left ?? state.left,
      notes: [...state.notes, ...[...made!.notes, ...joined].map((text) => ({ text }))],
    };
  }

  /**
   * Fine-tunes what was compressed last.
   * @param resume the trainer's checkpoint of it
   */
  async tune(state: LayerState, resume: string | undefined): Promise<LayerState> {
    const { context, input, checkpoints } = this;
    const { settings, checkpointSeconds, checkpoints: folder } = input.fineTuneEach;
    const [first] = state.tuning;
    const { name } = this.compressor.parts[first];
    const own = join(folder, `training-${first}`);
    const seed = settings.seed + first;
    try {
      const { graph, steps, losses, notes } = await train(
        state.graph,
        this.samples < this.data.length ? this.data.drawn(this.samples, seed) : this.data,
        {
          settings: { ...settings, epochs: this.passes, seed },
          teacher: this.teacher,
          threads: this.tools.threads,
          provider: this.tools.provider,
          checkpoints: own,
          checkpointSeconds,
          resume,
          monitor: {
            checkStop: () => context.checkStop(),
            report: ({ done, note, checkpoint }) =>
              context.report({
                done: state.steps + done,
                total: this.total(state),
                note: `${name} · ${note}`,
                checkpoint: checkpoint && checkpoints.write(state, checkpoint),
              }),
          },
          sources: { images: this.data.name, labels: this.data.name },
        },
      );
      const tuned = {
        ...state,
        graph,
        tuning: [],
        steps: state.steps + steps,
        losses: [...state.losses, losses.at(-1)!],
        notes: withFineTuning(state.notes, name, notes),
      };
      const note = `${name} · compressed and fine-tuned`;
      const checkpoint = checkpoints.write(tuned);
      context.report({ done: tuned.steps, total: this.total(tuned), note, checkpoint });
      return tuned;
    } catch (error) {
      if (!(error instanceof EngineError) || error.code === 'Cancelled') throw error;
      throw new EngineError(error.code, `fine-tuning after ${name}: ${error.message}`, { cause: error });
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
  }

  /** Describes what was done, in a sentence. */
  told({ done, steps, losses }: LayerState): string {
    const { epochs } = this.input.fineTuneEach.settings;
    if (!losses.length) return 'no layer was compressed, so nothing was fine-tuned between layers';
    const [first, last] = [losses[0], losses.at(-1)!].map((loss) => loss.toFixed(4));
    return (
      `${done.length} layers were compressed one after the other, each followed by ${epochs} epochs of fine-tuning: ` +
      `${steps} steps, loss ${first} after the first layer and ${last} after the last`
    );
  }

  /** Lists the positions of the parts still to be compressed, in forward order. */
  private open({ chosen, done }: Pick<LayerState, 'chosen' | 'done'>): number[] {
    return chosen.selection.plan.flatMap((units, at) => (units === null || done.includes(at) ? [] : [at]));
  }

  /** Estimates all steps. */
  private total(state: LayerState): number {
    return state.steps + this.each * (this.open(state).length + (state.tuning.length ? 1 : 0));
  }

  /** Creates the compressor of a graph in which parts were compressed, and lists the model's parts in it, by position. */
  private async found(
    graph: Graph,
    state: LayerState,
    done: readonly number[],
  ): Promise<{ compressor: Compressor; places: (Part | undefined)[] }> {
    const { input, tools, original } = this;
    const { factors, selection, ...rest } = input;
    const means = {
      ...rest,
      tools,
      // A technique's own progress is not counted in steps.
      context: { checkStop: () => this.context.checkStop(), report: this.tell(state) },
      teacher: { graph: original, left: state.left },
      factors: graph === original ? factors : undefined,
    };
    const { parts } = await compressorOf(graph, means);
    const { plan } = state.chosen.selection;
    const places = foundAgain(this.compressor.parts, plan, parts, new Set(done));
    const channels = Object.fromEntries(
      places.flatMap((part, at) => {
        const removed = selection.channels[this.compressor.parts[at].name];
        return part && removed ? [[part.name, removed]] : [];
      }),
    );
    const compressor = await compressorOf(graph, { ...means, selection: { channels } });
    // Both compressors use the same analysis, so that their parts are the same.
    return { compressor, places };
  }

  private tell(state: LayerState): JobContext['report'] {
    return ({ note }) => this.context.report({ done: state.steps, total: this.total(state), note });
  }
}
