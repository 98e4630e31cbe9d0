import { modelSeeds } from '../../../bench/fuzz/seeds';
import { sameAfterSaving } from '../../../bench/models/same-after-saving';

/** Every twelfth model is looked at here; `npm run check:models` looks at all. */
const stride = 12;

it('models compute the same after they were opened and saved, or are refused', async () => {
  const kinds = new Map<string, number>();
  for (const model of modelSeeds('onnx').filter((_, at) => at % stride === 0)) {
    const found = await sameAfterSaving(model);
    expect(found).not.toMatchObject({ kind: 'different' });
    kinds.set(found.kind, (kinds.get(found.kind) ?? 0) + 1);
  }
  expect(kinds.get('same')).toBeGreaterThan(10);
});
