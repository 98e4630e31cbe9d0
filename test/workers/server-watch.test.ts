import { ServerWatch } from '../../workers/server-watch';
import { until } from '../support/until';

it('says once that a server is away, why, and once that it is back', async () => {
  let isUp = true;
  let asked = 0;
  const said: unknown[][] = [];
  const ask = () => (asked++, isUp ? Promise.resolve() : Promise.reject(new Error('connection refused')));
  const watch = new ServerWatch(ask, (...event) => said.push(event), 1);
  const again = async () => {
    const before = asked;
    await until(() => asked > before + 2);
  };
  try {
    await again();
    expect(watch.problem).toBeUndefined();
    isUp = false;
    await again();
    expect(watch.problem).toBe('connection refused');
    isUp = true;
    await again();
    expect(watch.problem).toBeUndefined();
    expect(said).toEqual([['away', 'connection refused'], ['back']]);
  } finally {
    watch.stop();
  }
});
