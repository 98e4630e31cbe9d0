// Builds engine/linalg/wasm/linalg.wasm from its crate: `npm run build:wasm`. Nobody who installs Slimflow needs this: the module
// is committed, and a test checks its digest. docs/linear-algebra.md says how to get the toolchain without an administrator.
//
// The same toolchain gives the same bytes in any folder. RUSTC, CARGO and WASM_LD name its programs; by default they are those on
// the PATH.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const version = '1.96.0';
const { RUSTC = 'rustc', CARGO = 'cargo', WASM_LD = 'wasm-ld-22' } = process.env;
const crate = join(dirname(dirname(fileURLToPath(import.meta.url))), 'engine', 'linalg', 'wasm');
const target = 'wasm32-unknown-unknown';

const output = (...args) => execFileSync(RUSTC, args, { encoding: 'utf8' }).trim();
const release = /^release: (.*)$/m.exec(output('-vV'))[1];
const sources = join(output('--print', 'sysroot'), 'lib', 'rustlib', 'src', 'rust', 'library');
if (release !== version || !existsSync(join(sources, 'Cargo.lock'))) {
  console.error(
    `rustc ${version} with its library's sources is needed; this is ${release}, sources in ${sources}`,
  );
  process.exit(1);
}
const built = mkdtempSync(join(tmpdir(), 'slimflow-wasm-'));
try {
  // The standard library is compiled too, so that it has SIMD, and no path of this machine gets into the module.
  const flags = ['-Ctarget-feature=+simd128', '-Zlocation-detail=none', '-Zfmt-debug=none'];
  const paths = [join(homedir(), '.cargo'), sources, crate, built].map(
    (path) => `--remap-path-prefix=${path}=.`,
  );
  const options = ['build', '--release', '--locked', '--target', target, '--target-dir', built];
  execFileSync(CARGO, [...options, '-Zbuild-std=std,panic_abort'], {
    cwd: crate,
    stdio: 'inherit',
    env: {
      ...process.env,
      RUSTC,
      RUSTC_BOOTSTRAP: '1', // lets a stable compiler take options that are unstable
      CARGO_ENCODED_RUSTFLAGS: [...flags, ...paths].join('\x1f'),
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: WASM_LD,
    },
  });
  const made = join(crate, 'linalg.wasm');
  copyFileSync(join(built, target, 'release', 'slimflow_linalg.wasm'), made);
  console.log(`${createHash('sha256').update(readFileSync(made)).digest('hex')}  ${made}`);
} finally {
  rmSync(built, { recursive: true, force: true });
}
