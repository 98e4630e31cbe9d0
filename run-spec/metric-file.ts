import { realpathSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';

import { SpecError } from './spec-error';
import type { SpecMetric } from './metric-schema';

/** Resolves the module of a metric relative to the spec that names it. @throws SpecError as `resolvedModule` does */
export function resolvedMetric(metric: SpecMetric, spec: string): SpecMetric {
  if (typeof metric === 'string' || !('module' in metric)) return metric;
  return { ...metric, module: resolvedModule(metric.module, spec, 'metric.module') };
}

/**
 * Resolves a module relative to the spec that names it. A module is code that will be run, so it must be in the spec's
 * own folder, or below it.
 * @param field of the spec that names it
 * @throws SpecError if there is no such file, or it is elsewhere
 */
export function resolvedModule(module: string, spec: string, field: string): string {
  const folder = dirname(resolve(spec));
  const path = resolve(folder, module);
  const refuse = (why: string) => new SpecError(`spec ${spec}: ${field} ${module} ${why}`);
  let inside: string;
  try {
    inside = relative(realpathSync(folder), realpathSync(path));
  } catch (error) {
    throw refuse(`can't be read: ${(error as Error).message}`);
  }
  if (inside === '..' || inside.startsWith(`..${sep}`))
    throw refuse(`is not in the folder of the spec: put it there, since it is code that is run`);
  return path;
}
