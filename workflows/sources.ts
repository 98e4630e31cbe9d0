import type { Technique } from '../engine/jobs/method';
import type { ArtifactRef } from '../store/artifact';
import { analysisOf } from './method';
import { analyze, summary } from './proxies';
import type { Run } from './run';
import { scores } from './scores';
import type { Candidate, Original } from './types';

/** What candidates are made from: a model, and the eval scores of what a technique can compress in it. */
export interface Source {
  readonly model: ArtifactRef;
  readonly scores: ArtifactRef;
  /** c of the model. */
  readonly achieved: number;
}

/** The models of a run as sources of candidates: each is analyzed and scored once for a technique. */
export class Sources {
  private readonly known = new Map<string, Promise<Source>>();

  constructor(
    private readonly run: Run,
    private readonly original: Original,
  ) {}

  /**
   * The original, or a candidate, with its scores for a technique.
   * @throws Error when the technique can compress nothing in it
   */
  async of(technique: Technique, parent?: Candidate): Promise<Source> {
    const key = `${technique} of ${parent?.id ?? 'original'}`;
    const known = this.known.get(key) ?? this.scored(technique, parent);
    this.known.set(key, known);
    try {
      return await known;
    } catch (error) {
      // Whoever asks for it later tries again.
      this.known.delete(key);
      throw error;
    }
  }

  private async scored(technique: Technique, parent?: Candidate): Promise<Source> {
    const { run, original } = this;
    const model = parent?.model ?? original.model;
    const analysis = parent
      ? await analyze.executeWithOptions(summary(parent.id, 'analyze'), [
          { model, ...analysisOf(run.input.settings) },
        ])
      : original;
    if (!analysis.layers[technique])
      throw new Error(`it has no layer that ${technique} can compress`);
    return {
      model,
      scores: await scores(run, parent?.id ?? 'original', model, analysis, technique),
      achieved: parent?.achieved ?? 1,
    };
  }
}
