import type { Analysis } from '../contract/activities';
import type { Technique } from '../engine/names';
import type { ArtifactRef } from '../store/artifact';
import { analysisOf } from '../contract/techniques';
import { analyze } from './proxies';
import type { Run } from './run-state';
import { scores } from './score-all-layers';
import { sentences } from './activity-labels';
import type { Candidate, Original } from '../contract/run';

/** Source of candidates: a model, and the eval scores of the parts that a technique can compress in it. */
export interface Source {
  readonly model: ArtifactRef;
  readonly scores: ArtifactRef;
  /** c of the model. */
  readonly ratioToOriginal: number;
}

/** The models of a run as sources of candidates: each is analyzed and scored once for a technique. */
export class Sources {
  private readonly known = new Map<string, Promise<Source>>();
  private readonly analyses = new Map<string, Promise<Analysis>>();

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

  private analysis(parent: Candidate): Promise<Analysis> {
    const known =
      this.analyses.get(parent.id) ??
      analyze.executeWithOptions(sentences.analyze(parent.id), [
        { model: parent.model, ...analysisOf(this.run.input.settings) },
      ]);
    this.analyses.set(parent.id, known);
    known.catch(() => this.analyses.delete(parent.id));
    return known;
  }

  private async scored(technique: Technique, parent?: Candidate): Promise<Source> {
    const { run, original } = this;
    const model = parent?.model ?? original.model;
    const analysis = parent ? await this.analysis(parent) : original;
    if (!analysis.layers[technique]) throw new Error(`it has no layer that ${technique} can compress`);
    return {
      model,
      scores: await scores(run, parent?.id ?? 'original', model, analysis, technique),
      ratioToOriginal: parent?.achieved ?? 1,
    };
  }
}
