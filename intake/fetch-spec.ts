import { dirname, join, posix } from 'node:path';

import { braces } from '../engine/data/sources/paths';
import type { UserData } from '../engine/data/sources/user-data';
import { weightFileNames } from '../engine/onnx/model-files';
import { isRemote } from '../run-spec/remote-path';
import { inLanes } from '../store/remote/in-lanes';
import { type FetchOptions, Mirror } from '../store/remote/mirror';
import { RemoteError } from '../store/remote/remote-error';

/** How what a spec names on other machines is fetched. */
export interface Fetching extends FetchOptions {
  /** Place of the copies; the user's cache by default. */
  readonly mirror?: Mirror;
  /** Lists the files with weights of a model that is here; by default it is read in this process. */
  readonly weightsOf?: (model: string) => readonly string[] | Promise<readonly string[]>;
}

/** The fields of a spec that name files. */
interface Naming {
  readonly model: string;
  readonly data: Readonly<Record<string, UserData | undefined>>;
}

/** Files of a list that are fetched at a time. */
const atOnce = 4;

/**
 * Fetches what a spec names by `s3://` and `https://` addresses, and returns the spec with the local copies' paths.
 * @throws RemoteError that names the address
 */
export async function fetchSpec<Spec extends Naming>(spec: Spec, fetching: Fetching = {}): Promise<Spec> {
  const { mirror = Mirror.ofUser() } = fetching;
  return {
    ...spec,
    model: await fetchModel(spec.model, { ...fetching, mirror }),
    data: await fetchSplits(spec.data, { ...fetching, mirror }),
  };
}

/**
 * Fetches a model, and the files with its weights, which are beside it there as here.
 * @returns its local path: the given one if it is no address
 * @throws RemoteError
 */
export async function fetchModel(model: string, fetching: Fetching = {}): Promise<string> {
  if (!isRemote(model)) return model;
  const { mirror = Mirror.ofUser(), weightsOf = weightFileNames, ...options } = fetching;
  await mirror.trim();
  const path = await mirror.fetch(model, options);
  for (const name of await weightsOf(path)) {
    // Names that lead elsewhere are refused by whoever opens the model.
    if (/^([\\/]|[a-z]:)|(^|[\\/])\.\.([\\/]|$)/i.test(name)) continue;
    const [address, query = ''] = model.split(/(?=\?)/, 2);
    if (query)
      throw new RemoteError(
        'SourceRefused',
        `${address} has weights in ${name}, which its signed address does not lead to: export it as one file, or put both in a bucket`,
      );
    const there = `${posix.dirname(address)}/${posix.normalize(name)}`;
    const copy = await mirror.fetch(there, options);
    if (copy !== join(dirname(path), name))
      throw new RemoteError(
        'SourceRefused',
        `${address} has weights in ${name}, which can't be put beside it`,
      );
  }
  return path;
}

/** Fetches the files of splits. @throws RemoteError */
export async function fetchSplits<Splits extends Naming['data']>(
  splits: Splits,
  fetching: Fetching = {},
): Promise<Splits> {
  const { mirror = Mirror.ofUser() } = fetching;
  // Before anything is fetched, so that there is room for it.
  await mirror.trim();
  const fetched: Record<string, UserData | undefined> = {};
  for (const [name, split] of Object.entries(splits))
    fetched[name] = split && (await fetchSplit(split, { ...fetching, mirror }));
  return fetched as Splits;
}

async function fetchSplit(
  { images, labels, classes, inputs, ...rest }: UserData,
  { mirror, weightsOf: _weightsOf, ...options }: Fetching & { readonly mirror: Mirror },
): Promise<UserData> {
  const file = async (path: string) => (isRemote(path) ? mirror.fetch(path, options) : path);
  const further: Record<string, string> = {};
  for (const [name, path] of Object.entries(inputs ?? {})) further[name] = await file(path);
  return {
    ...rest,
    images: await fetchedImages(images, file),
    ...(labels !== undefined && { labels: await file(labels) }),
    ...(classes !== undefined && { classes: typeof classes === 'string' ? await file(classes) : classes }),
    ...(inputs && { inputs: further }),
  };
}

async function fetchedImages(
  images: UserData['images'],
  file: (path: string) => Promise<string>,
): Promise<UserData['images']> {
  if (typeof images === 'object' && 'module' in images) return images;
  const named = typeof images === 'string' ? [images] : images;
  if (!named.some(isRemote)) return images;
  const all = named.flatMap((path) => (isRemote(path) ? remoteNames(path) : [path]));
  const paths = await inLanes(all, atOnce, file);
  return paths.length === 1 ? paths[0] : paths;
}

/** Lists the addresses that one with braces stands for. @throws RemoteError for other patterns */
function remoteNames(address: string): string[] {
  if (address.replace(/^https?:.*/i, (web) => web.split('?')[0]).includes('*'))
    throw new RemoteError(
      'SourceRefused',
      `${address} has a *, which only works for local files: name a folder of the bucket, ending in /, or write {000..127}`,
    );
  return braces(address);
}
