import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';

import { temporalBinary } from '../../client/temporal-binary';

/** Has the workers of a test file log errors alone; before the first of them. */
export function quietWorkers(): void {
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
}

/** A real Temporal server for a test file, in memory; found the way that `slimflow run` finds it. */
export async function temporal(): Promise<TestWorkflowEnvironment> {
  quietWorkers();
  const { path } = await temporalBinary();
  return TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path }, log: { format: 'pretty', level: 'error' } },
  });
}
