import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describeLinearAlgebra, linearAlgebra } from '../../../engine/linalg/choose';
import { symbolNames } from '../../../engine/linalg/fortran';
import { findLapack, howToInstall, lapackFolder, wheelLibrary } from '../../../engine/linalg/lapack-library';
import { installOpenblas } from '../../../engine/linalg/openblas-wheel';
import { inFolder } from '../../support/folder';

const { SLIMFLOW_LAPACK, XDG_CACHE_HOME } = process.env;
const restore = (name: string, value: string | undefined) => {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
};
afterEach(() => {
  restore('SLIMFLOW_LAPACK', SLIMFLOW_LAPACK);
  restore('XDG_CACHE_HOME', XDG_CACHE_HOME);
});

it('knows the names by which libraries export a Fortran routine', () => {
  expect(symbolNames('dgesdd')).toEqual(
    expect.arrayContaining(['dgesdd_', 'dgesdd', 'scipy_dgesdd_', 'dgesdd_64_', 'scipy_dgesdd_64_']),
  );
});

it('the wheel is in the user’s cache, and the command that puts it there says so', () => {
  process.env.XDG_CACHE_HOME = '/somewhere';
  expect(lapackFolder()).toBe(join('/somewhere', 'slimflow', 'lapack'));
  expect(wheelLibrary()).toContain(join('lapack', 'scipy_openblas32', 'lib', 'libscipy_openblas.'));
  expect(howToInstall()).toContain(`--target "${lapackFolder()}" scipy-openblas32`);
});

it('a wheel that is unpacked is not brought again', () =>
  inFolder(async (folder) => {
    process.env.XDG_CACHE_HOME = folder;
    mkdirSync(dirname(wheelLibrary()), { recursive: true });
    writeFileSync(wheelLibrary(), '');
    expect(await installOpenblas()).toBe(wheelLibrary());
  }));

it.each([
  ['no file', false],
  ['no library', true],
])('SLIMFLOW_LAPACK that names %s is an error, never a silent replacement', (_, written) =>
  inFolder((folder) => {
    process.env.SLIMFLOW_LAPACK = join(folder, 'text.so');
    if (written) writeFileSync(process.env.SLIMFLOW_LAPACK, 'text');
    expect(findLapack).toThrow(expect.objectContaining({ code: 'InvalidSettings' }) as Error);
    expect(findLapack).toThrow(/SLIMFLOW_LAPACK is set to .*cannot be used/);
  }),
);

it('auto takes the first that is there; ml-matrix always is', () => {
  const { chosen, backends } = describeLinearAlgebra();
  expect(linearAlgebra().name).toBe(chosen);
  expect(chosen).toBe(backends.find(({ available }) => available)!.name);
  expect(linearAlgebra({ backend: 'ml-matrix' }).name).toBe('ml-matrix');
});
