import type { RunSources } from '../../../client/run-sources';
import { type Front, frontOf } from './front';
import { type HeatMap, heatMapsOf, type Layers, layersOf } from './layers';
import { type PredictionChanges, predictionChangesOf } from './predictions';
import { type ProvenanceData, provenanceOf } from './provenance';
import { type Steps, stepsOf } from './steps';
import { type Summary, summaryOf } from './summary';
import { type Timeline, timelineOf } from './timeline';
import { type Training, trainingOf } from './training';

/** Everything that a report shows. A section whose data are not there any more is left out. */
export interface ReportData {
  readonly summary: Summary;
  readonly front?: Front;
  readonly steps: Steps;
  readonly timeline?: Timeline;
  readonly layers?: Layers;
  readonly heatMaps: readonly HeatMap[];
  readonly training?: Training;
  readonly predictions?: PredictionChanges;
  readonly provenance: ProvenanceData;
  /** Sentences about data that could not be read, and why. */
  readonly missing: readonly string[];
}

/** Builds the data of a report from everything that is kept of a run. */
export const reportData = (sources: RunSources): ReportData => ({
  summary: summaryOf(sources),
  front: frontOf(sources),
  steps: stepsOf(sources),
  timeline: timelineOf(sources),
  layers: layersOf(sources),
  heatMaps: heatMapsOf(sources),
  training: trainingOf(sources),
  predictions: predictionChangesOf(sources),
  provenance: provenanceOf(sources),
  missing: sources.missing,
});
