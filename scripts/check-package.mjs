// Checks a packed package with other people's tools: publint (do exports, files and types fit?) and attw (does every way to
// resolve types end at the right ones?). Takes the tarball, and the folder that it was extracted to.
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { readFileSync } from 'node:fs';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const [tarball, folder] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
const { messages } = await publint({ pkgDir: folder, strict: true, pack: false });
const { problems } = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
const findings = [
  ...messages.map((message) => `publint: ${formatMessage(message, manifest, { color: false })}`),
  ...problems.map((problem) => `attw: ${JSON.stringify(problem)}`),
];
if (findings.length) {
  console.error(findings.join('\n'));
  process.exitCode = 1;
}
