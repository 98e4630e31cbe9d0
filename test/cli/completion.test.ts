import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { inFolder } from '../support/folder';
import { expectStatus, slimflow } from '../support/cli';

const scripts: Record<string, string> = {};
beforeAll(async () => {
  await inFolder(async (folder) => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const ended = await slimflow(folder, ['completion', shell]);
      expectStatus(ended, 0);
      scripts[shell] = ended.out;
    }
  });
});

/** Asks bash what it offers after these words, the last of which is being typed. */
function offered(...words: string[]): string[] {
  const list = words.map((word) => `'${word}'`).join(' ');
  const ask = `${scripts.bash}\nCOMP_WORDS=(slimflow ${list}); COMP_CWORD=${words.length}; _slimflow; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['-c', ask], { cwd: join(__dirname), encoding: 'utf8' });
  return out.split('\n').filter(Boolean);
}

it('bash completes commands, options, values and files', () => {
  expect(offered('com')).toEqual(['compare', 'compress', 'completion']);
  expect(offered('report', '--im')).toEqual(['--images']);
  expect(offered('diff', 'a.onnx', '--provider', 'cu')).toEqual(['cuda']);
  expect(offered('schema', 'sp')).toEqual(['spec']);
  expect(offered('inspect', 'completion.t')).toContain('completion.test.js');
  expect(offered('help', 'dif')).toEqual(['diff']);
});

it.each(['zsh', 'fish'])('the script for %s knows every command', async (shell) => {
  const all = offered('');
  expect(all.length).toBeGreaterThan(30);
  for (const name of all.filter((one) => !one.startsWith('-'))) expect(scripts[shell]).toContain(name);
});
