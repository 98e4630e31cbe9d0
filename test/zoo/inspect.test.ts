import { analyze } from '../../engine/jobs/analyze';
import { zoo, zooModel } from './models';
import { recount } from './recount';

it('has every kind of network, by both exporters', () => {
  expect(zoo.length).toBeGreaterThanOrEqual(24);
  for (const exporter of ['torchscript', 'dynamo', 'helper'])
    expect(zoo.some((name) => name.endsWith(exporter))).toBe(true);
});

it.each(zoo)('counts the MACs of %s as a real run does', async (name) => {
  const { macs, layers } = await analyze({ model: zooModel(name) });
  expect(macs).toBe(await recount(zooModel(name)));
  expect(layers.every((layer) => layer.macs > 0)).toBe(true);
});
