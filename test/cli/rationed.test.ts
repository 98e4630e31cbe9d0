import type { LogLevel } from '@temporalio/worker';

import { rationed } from '../../cli/rationed';

it('a warning that the SDK repeats is written once a minute, with the number of those left out', () => {
  let time = 0;
  const lines: [LogLevel, string, object?][] = [];
  const write = rationed(
    (...line) => lines.push(line),
    () => time,
  );
  const core = { sdkComponent: 'core', target: 'temporalio_client::retry' };
  for (const attempt of [1, 2, 3]) write('WARN', `gRPC call failed on ${attempt} attempt`, core);
  write('WARN', 'something else', core);
  time = 60_000;
  write('WARN', 'gRPC call failed on 19 attempt', core);
  expect(lines).toEqual([
    ['WARN', 'gRPC call failed on 1 attempt', core],
    ['WARN', 'something else', core],
    ['WARN', 'gRPC call failed on 19 attempt', { ...core, leftOut: 2 }],
  ]);
});

it('lines of workers and activities are all written, expected warnings as details', () => {
  const lines: [LogLevel, string, object?][] = [];
  const write = rationed((...line) => lines.push(line));
  write('INFO', 'fineTune begins', { sdkComponent: 'activity' });
  write('INFO', 'fineTune begins', { sdkComponent: 'activity' });
  write('WARN', 'No workflows registered, not polling for workflow tasks', { sdkComponent: 'worker' });
  expect(lines.map(([level]) => level)).toEqual(['INFO', 'INFO', 'DEBUG']);
});
