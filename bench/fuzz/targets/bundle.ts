import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { bytesOf, digestOf, listName, type Member } from '../../../store/artifact-bundle';
import { sha256 } from '../../../store/digest';
import { ObjectFolder } from '../../../store/object-folder';
import { Scratch } from '../../../store/scratch';
import { ArtifactError } from '../../../store/store-errors';
import { mutateJsonFile } from '../mutators/text';
import { commonSeeds } from '../seeds';
import { type Room, type Target, Violation } from '../target';

const content = 'the same bytes in every member';
const member = (name: string): Member => ({ name, sha256: sha256(content), bytes: content.length });
const lists = [
  [member('net.onnx'), member('net.onnx.data')],
  [member('net.onnx'), member('weights/a'), member('weights/b')],
];

/** Does as an attacker would who can write to the store: computes a list's digest, and writes its members' files. */
function plant(text: string, root: string): { sha256: string; bytes: number } {
  let members: Member[] = [];
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) members = value as Member[];
  } catch {
    // A list that is not JSON is planted as it is.
  }
  const attempt = <T>(work: () => T, otherwise: T): T => {
    try {
      return work();
    } catch {
      return otherwise;
    }
  };
  const digest = attempt(() => digestOf(members), sha256(text));
  const ref = {
    sha256: typeof digest === 'string' ? digest : sha256(text),
    bytes: attempt(() => bytesOf(members), 0),
  };
  const named = /^[0-9a-f]{64}$/.test(ref.sha256) ? ref.sha256 : sha256(text);
  const folder = join(root, named.slice(0, 2), named);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, listName), text);
  for (const { name } of members.filter((one) => typeof one?.name === 'string').slice(0, 8))
    attempt(() => {
      const path = join(folder, name);
      if (!path.startsWith(dirname(root)) || existsSync(path)) return;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }, undefined);
  return ref;
}

const listed = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort().join('\n');

async function run({ file, folder }: Room): Promise<string> {
  const store = join(folder, 'store');
  const out = join(folder, 'out', 'models');
  try {
    mkdirSync(out, { recursive: true });
    const ref = plant(readFileSync(file, 'utf8'), join(store, 'objects'));
    const objects = new ObjectFolder(join(store, 'objects'), new Scratch(join(store, 'scratch')));
    const [before, beside] = [listed(store), listed(dirname(out))];
    const members = await objects.membersOf(ref);
    await objects.path(ref);
    const refusal = await objects.export(ref, join(out, 'model.onnx')).catch((error: Error) => error);
    const written = listed(dirname(out))
      .split('\n')
      .filter((path) => !beside.split('\n').includes(path) && !path.startsWith('models/'));
    if (written.length) throw new Violation('export writes outside its folder', written.join(', '));
    if (refusal) throw refusal;
    const after = listed(store).replace(/\n?scratch$/m, '');
    if (after !== before.replace(/\n?scratch$/m, '')) throw new Violation('export changes the store', after);
    return `exported ${Math.min(members.length, 4)} files`;
  } finally {
    rmSync(store, { recursive: true, force: true });
    rmSync(join(folder, 'out'), { recursive: true, force: true });
  }
}

/** The list of a bundle's files in the store, with whatever names, digests and sizes it states. */
export const bundle: Target = {
  name: 'bundle',
  extension: '.json',
  seeds: () => [...lists.map((list) => Buffer.from(JSON.stringify(list))), ...commonSeeds('bundle', '.none')],
  mutate: mutateJsonFile,
  run,
  isRefusal: (error) => error instanceof ArtifactError,
};
