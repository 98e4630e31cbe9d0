// Removes native libraries for other systems and processors, which onnxruntime-node and Temporal's core-bridge bring all at
// once, the Rust sources of the latter, and packages' source maps: more than half of what npm installs. Takes the folder
// node_modules.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const modules = process.argv[2] ?? 'node_modules';
const { arch, platform } = process;
const cpu = { x64: 'x86_64', arm64: 'aarch64' }[arch];

function keep(folder, isKept) {
  const path = join(modules, folder);
  const names = existsSync(path) ? readdirSync(path) : [];
  // A package that names its folders in a new way keeps them all.
  if (!names.some(isKept)) return;
  for (const name of names) if (!isKept(name)) rmSync(join(path, name), { recursive: true });
}

keep('onnxruntime-node/bin/napi-v6', (name) => name === platform);
keep(`onnxruntime-node/bin/napi-v6/${platform}`, (name) => name === arch);
keep('@temporalio/core-bridge/releases', (name) => name.startsWith(`${cpu}-`) && name.includes(platform));
rmSync(join(modules, '@temporalio/core-bridge/sdk-core'), { recursive: true, force: true });
for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true }))
  if (entry.isFile() && entry.name.endsWith('.map')) rmSync(join(entry.parentPath ?? entry.path, entry.name));
