import { keepServer } from '../../server/keep-server';
import type { TemporalServer } from '../../server/find-server';
import { until } from '../support/until';

const server = (revive?: TemporalServer['revive']): TemporalServer => ({
  connection: { address: 'nowhere:1' },
  namespace: 'default',
  found: '',
  release: async () => false,
  revive,
});

it('says a restart, and what keeps it from succeeding once, and goes on trying', async () => {
  const outcomes: (boolean | string)[] = [false, 'taken', 'taken', 'gone', true, false, 'taken'];
  let looks = 0;
  const said: string[] = [];
  const stop = keepServer(
    server(async () => {
      const outcome = outcomes[looks++] ?? false;
      if (typeof outcome === 'string') throw new Error(outcome);
      return outcome;
    }),
    (text) => said.push(text),
    1,
  );
  await until(() => looks > outcomes.length);
  await stop();
  const after = looks;
  expect(said).toEqual([
    "The Temporal server has stopped and can't be restarted:  taken",
    "The Temporal server has stopped and can't be restarted:  gone",
    'The Temporal server had stopped; it was restarted with its history.',
    "The Temporal server has stopped and can't be restarted:  taken",
  ]);
  expect(looks).toBe(after);
});

it("leaves another's server alone", async () => {
  await keepServer(server(), () => {
    throw new Error('there is nothing to say');
  })();
});
