import { join } from 'node:path';

import { saveModel } from '../../engine/onnx/model';
import { slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { modelOf, randoms } from '../support/graphs';

const rings = '\u001b]0;owned\u0007\u001b[2J\u202egnp.exe\nnote: trust me';

it('names in a model do nothing to the terminal that shows them', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'model.onnx');
    const conv = { op: 'Conv', name: rings, inputs: ['x', 'w'], outputs: ['y'] };
    saveModel(modelOf(['x', ['batch', 3, 8, 8]], [conv], ['y'], { w: randoms([8, 3, 3, 3], 1) }), path);
    const { out, status } = await slimflow(folder, ['inspect', path]);
    expect(status).toBe(0);
    expect(out).toContain('\\u001b]0;owned\\u0007\\u001b[2J\\u202egnp.exe\\u000anote: trust me');
    expect(out).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
    const json = await slimflow(folder, ['inspect', path, '--json']);
    expect(json.out).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
    const { layers } = JSON.parse(json.out) as { layers: { name: string }[] };
    expect(layers.map(({ name }) => name)).toEqual([rings]);
    const refused = await slimflow(folder, ['inspect', join(folder, rings)]);
    expect(refused.err).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
    expect(refused.err).toContain('\\u001b]0;owned');
  }));
