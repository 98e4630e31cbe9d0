import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { spawn } from 'node:child_process';

import { answers } from '../../server/reachable';
import { temporalBinary } from '../../server/temporal-binary';
import { served } from './served';

/** Lets Temporal's SDK tell of errors alone. */
export function quietly(): void {
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
}

/**
 * A real Temporal server for a test file, in memory; found the way that `slimflow run` finds it. It is not the SDK that
 * starts it, which gives one up that does not answer in five seconds.
 */
export async function temporal(): Promise<TestWorkflowEnvironment> {
  quietly();
  const { path } = await temporalBinary();
  const command = ['server', 'start-dev', '--ip', '127.0.0.1', '--headless', '--log-level', 'error'];
  const { port, stop } = await served(
    (port) => spawn(path, [...command, '--port', `${port}`]),
    (port) => answers(`127.0.0.1:${port}`),
  );
  const environment = await TestWorkflowEnvironment.createFromExistingServer({
    address: `127.0.0.1:${port}`,
  });
  const leave = environment.teardown.bind(environment);
  return Object.assign(environment, { teardown: () => leave().finally(stop) });
}
