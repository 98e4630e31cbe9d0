import { extract, frontier } from '../../../engine/onnx/extract';
import { layersOf } from '../../../engine/onnx/layers';
import { openModel } from '../../../engine/onnx/prepare';
import { Session } from '../../../engine/runtime/session';
import { distance, randoms, runOnce } from '../../support/graphs';
import { digitsModel } from '../../support/paths';

it('a network cut in two and run in turn computes what the whole does', async () => {
  const graph = openModel(digitsModel());
  const cut = layersOf(graph)[9].node.output[0];
  const open = frontier(graph, cut);
  expect(open).toHaveLength(1); // the residual stream beside the cut
  const x = randoms([2, 1, 28, 28], 1);
  const before = await Session.open(extract(graph, ['input'], [cut, ...open]), { threads: 1 });
  const behind = await Session.open(extract(graph, [cut, ...open], ['logits']), { threads: 1 });
  const { logits } = await behind.run(await before.run({ input: x }));
  expect(distance(logits, await runOnce(graph, x))).toBeLessThan(1e-5);
  await Promise.all([before.close(), behind.close()]);
});

it('refuses a cut that leaves something out', () => {
  const graph = openModel(digitsModel());
  expect(() => extract(graph, [layersOf(graph)[9].node.output[0]], ['logits'])).toThrow(
    /logits cannot be computed without/,
  );
});
