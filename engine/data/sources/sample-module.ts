import { dirname } from 'node:path';

import { EngineError } from '../../errors';
import { sizeOf } from '../../tensor/tensor';
import { decodeImage, most, withChannels } from '../images/read-image';
import type { Pixels } from '../images/resample';
import type { RawSample } from '../images/write-samples';
import { importModule } from '../user-module';
import { interleaved } from './array-file';
import type { OpenedSamples, SourceKind } from './kind';
import { labelOf } from './label-value';
import type { UserSample } from './user-data';

/** A module of the user's that yields samples. It runs in the process that packs, never on workers. */
export const sampleModule: SourceKind = {
  name: 'a module',
  reads: ['classes'],
  // Only a spec that says `module` has code run.
  claims: () => false,
  open: async ({ paths: [module], code = {}, classes }): Promise<OpenedSamples> => {
    const field = 'data: images.module';
    const found = await importModule(module, code.export ?? 'default', field);
    return {
      files: [module],
      isVolatile: code.version === undefined,
      async *samples(): AsyncGenerator<RawSample> {
        let at = 0;
        try {
          const given: unknown =
            typeof found === 'function' ? await (found as Opener)({ folder: dirname(module) }) : found;
          if (!isIterable(given))
            throw new EngineError(
              'InvalidSettings',
              `${field}: ${module} must export a generator function, or an iterable of samples`,
            );
          for await (const sample of given) yield sampleOf(`${module} sample ${at++}`, sample, classes);
        } catch (error) {
          if (error instanceof EngineError) throw error;
          const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
          throw new EngineError('InvalidData', `${module} failed after ${at} samples: ${what}`, {
            cause: error,
          });
        }
      },
    };
  },
};

type Opener = (from: { readonly folder: string }) => unknown;

const isIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);

function sampleOf(name: string, sample: unknown, classes?: readonly string[]): RawSample {
  const { image, label } = (
    typeof sample === 'object' && sample !== null ? sample : {}
  ) as Partial<UserSample>;
  const labelled = label === undefined ? undefined : labelOf(name, label, classes);
  if (image instanceof Uint8Array)
    return { name, label: labelled, pixels: (channels) => decodeImage(name, () => image, channels ?? 'rgb') };
  const pixels = pixelsOf(name, image);
  return { name, label: labelled, pixels: (wanted) => (wanted ? withChannels(pixels, wanted) : pixels) };
}

function pixelsOf(name: string, image: UserSample['image'] | undefined): Pixels {
  const wrong = (what: string) =>
    new EngineError(
      'InvalidData',
      `${name} ${what}; it must be { image, label }, the image being the bytes of an image file, or { data, shape } of 8-bit pixels [H, W, C], [C, H, W] or [H, W] with 1 or 3 channels`,
    );
  if (!image || !('data' in image)) throw wrong('has no image');
  const { data, shape } = image;
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray))
    throw wrong('has pixels that are not bytes');
  if (!Array.isArray(shape) || !shape.every((side) => Number.isInteger(side) && side > 0))
    throw wrong('has no shape');
  if (sizeOf(shape) !== data.length || data.length > 3 * most.pixels)
    throw wrong(`has ${data.length} pixels for the shape [${shape.join(', ')}]`);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
  const [a, b, c] = shape as readonly number[];
  if (shape.length === 2) return { data: bytes, height: a, width: b, channels: 1 };
  if (shape.length !== 3) throw wrong(`has the shape [${shape.join(', ')}]`);
  if ([1, 3].includes(c)) return { data: bytes, height: a, width: b, channels: c };
  if (![1, 3].includes(a)) throw wrong(`has the shape [${shape.join(', ')}]`);
  return { data: interleaved(bytes, a), height: b, width: c, channels: a };
}
