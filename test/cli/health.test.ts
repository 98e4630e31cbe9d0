import { networkInterfaces } from 'node:os';

import { healthEndpoint } from '../../cli/health';
import { isOpen } from '../../server/reachable';

const health = () => ({ isReady: true, details: { jobs: 0 } });
const outer = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

it('health is told to this machine alone, unless another address is named', async () => {
  const endpoint = await healthEndpoint(0, health);
  try {
    const answer = await fetch(`http://127.0.0.1:${endpoint.port}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([200, { jobs: 0 }]);
    for (const path of ['/constructor', '/__proto__', '/toString'])
      expect((await fetch(`http://127.0.0.1:${endpoint.port}${path}`)).status).toBe(404);
    if (outer) expect(await isOpen(`${outer}:${endpoint.port}`)).toBe(false);
  } finally {
    await endpoint.close();
  }
  const open = await healthEndpoint(0, health, '0.0.0.0');
  try {
    if (outer) expect(await isOpen(`${outer}:${open.port}`)).toBe(true);
    expect(await isOpen(`127.0.0.1:${open.port}`)).toBe(true);
  } finally {
    await open.close();
  }
});
