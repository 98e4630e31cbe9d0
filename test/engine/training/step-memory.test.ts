import { join } from 'node:path';

import { loadModel } from '../../../engine/onnx/model';
import { bytesOf, fittingPiece, footprintOf, piecesFor } from '../../../engine/training/step-memory';
import { withOwnConstants } from '../../../engine/training/parameters/parameters';
import { measureShapes } from '../../../engine/training/emit/batch-shapes';
import { buildTrainingStep } from '../../../engine/training/step/step';
import { root } from './support';

const MiB = 2 ** 20;

describe('footprintOf', () => {
  // MiB by which training raised a process's peak memory on 2026-11-23 (docs/training.md).
  test.each([
    ['resnet20-digits', 64, 237],
    ['resnet20-digits', 128, 452],
    ['resnet20-digits.bn', 64, 313],
    ['resnet20-digits.bn', 128, 642],
  ])('of %s in batches of %i is near the %i MiB measured', async (name, batch, measured) => {
    const graph = withOwnConstants(loadModel(join(root, 'examples', 'digits', `${name}.onnx`)));
    const shapes = await measureShapes(graph, [1, 28, 28]);
    const step = buildTrainingStep(graph, shapes, { weightDecay: 5e-4 });
    const estimate = bytesOf(footprintOf(graph, shapes, step), batch) / MiB;
    expect(estimate / measured).toBeGreaterThan(0.75);
    expect(estimate / measured).toBeLessThan(1.25);
  });
});

describe('pieces', () => {
  const footprint = { fixed: 100 * MiB, perImage: 10 * MiB };

  test.each([
    [64, 1000, 64],
    [64, 740, 64],
    [64, 739, 32],
    [12, 150, 3],
    [12, 50, 1],
  ])('of a batch of %i in %i MiB have %i images', (batch, free, size) => {
    expect(fittingPiece(footprint, batch, free * MiB)).toBe(size);
  });

  test('are those asked for where they fit, or none', () => {
    const fitting = (settings: { batch: number; microBatch?: number }, samples = 1000) =>
      piecesFor(footprint, settings, samples, 200 * MiB);
    expect(fitting({ batch: 8 })).toBeUndefined();
    expect(fitting({ batch: 64 }, 10)).toBeUndefined();
    expect(fitting({ batch: 64, microBatch: 5 })).toEqual({ size: 5 });
    expect(fitting({ batch: 64, microBatch: 16 })).toEqual({ size: 8, foreseen: { needed: 260, free: 200 } });
    expect(fitting({ batch: 64 })).toEqual({ size: 8, foreseen: { needed: 740, free: 200 } });
  });
});
