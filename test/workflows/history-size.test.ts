import type { TestWorkflowEnvironment } from '@temporalio/testing';

import { expectSmallHistories } from '../support/many-layers';
import { temporal } from '../support/temporal';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

// test/large/history-size.large.ts does it for a thousand.
it('300 layers, of which one run of a scoring does 250, nine ratios and five targets stay under a tenth of the limits of history', () =>
  expectSmallHistories(server, 300));
