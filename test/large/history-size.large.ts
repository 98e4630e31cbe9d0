import type { TestWorkflowEnvironment } from '@temporalio/testing';

import { expectSmallHistories } from '../support/many-layers';
import { temporal } from '../support/temporal';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

it('a thousand layers, nine ratios and five targets stay under a tenth of the limits of history', () =>
  expectSmallHistories(server, 1000));
