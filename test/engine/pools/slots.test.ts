import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { saveModel } from '../../../engine/onnx/model';
import { modelBytes, slotsFor } from '../../../engine/pools/slots';
import { inFolder } from '../../support/folder';
import { tinyNetwork } from '../../support/tiny';

const GiB = 2 ** 30;

it.each([
  ['a small model takes every core', 40e6, 16, 8],
  ['a large one as many as half of the memory holds three copies for', 1 * GiB, 16, 2],
  ['one that does not fit runs alone', 10 * GiB, 16, 1],
  ['a model of no bytes is small', 0, 16, 8],
])('%s', (_, bytes, memory, slots) => expect(slotsFor(bytes, 8, memory * GiB)).toBe(slots));

it('the bytes of a model are those of its weights too', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'model.onnx');
    saveModel(tinyNetwork(), path, { externalData: false });
    const whole = modelBytes(path);
    saveModel(tinyNetwork(), path, { externalData: true });
    expect(modelBytes(path)).toBeGreaterThan(whole);
    writeFileSync(path, 'no model');
    expect(modelBytes(path)).toBe(8);
    expect(modelBytes(join(folder, 'none.onnx'))).toBe(0);
  }));
