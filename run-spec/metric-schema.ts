import { z } from 'zod';

import { type FidelityMetric, type MetricChoice, metricNames, type ModuleMetric } from '../engine/names';
import { ArtifactSchema } from './artifact-schema';
import { DetectorMetric } from './detector-schema';
import { MetricActivity } from './user-activity-schema';

const moduleMetric = <File>(file: z.ZodType<File>) =>
  z.strictObject({
    /** An ES module. */
    module: file,
    /** Name of a class that it exports; its default export if left out. */
    export: z.string().min(1).max(200).optional(),
  }) satisfies z.ZodType<ModuleMetric<File>>;

/** A metric as a spec or a run's settings name it; `file` is a path, or an artifact. */
const runMetric = <File>(file: z.ZodType<File>) =>
  z.union([z.enum([...metricNames, 'fidelity']), DetectorMetric, moduleMetric(file), MetricActivity]);

/** The metric of a spec. */
export const SpecMetric = runMetric(z.string().min(1));
export type SpecMetric = z.infer<typeof SpecMetric>;

/** The metric of a run, whose files are in the store. */
export const RunMetric = runMetric(ArtifactSchema);
export type RunMetric = z.infer<typeof RunMetric>;

/** The metric that an activity of ours is asked to compute. @param file an artifact */
export const requestMetric = <File>(file: z.ZodType<File>) =>
  z.union([
    z.enum(metricNames),
    DetectorMetric,
    z.strictObject({ fidelity: file }) satisfies z.ZodType<FidelityMetric<File>>,
    moduleMetric(file),
  ]) satisfies z.ZodType<MetricChoice<File>>;
