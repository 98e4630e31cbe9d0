import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { freeMemory } from '../../../engine/runtime/free-memory';
import { inFolder } from '../../support/folder';

/** Returns how many of 1000 bytes are free if the system has these files. */
const free = (files: Readonly<Record<string, string>>) =>
  inFolder((root) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return freeMemory(1000, root);
  });

const v2 = (group: string, limit: string, used: number, stat = '') => ({
  [`sys/fs/cgroup/${group}/memory.max`]: `${limit}\n`,
  [`sys/fs/cgroup/${group}/memory.current`]: `${used}\n`,
  [`sys/fs/cgroup/${group}/memory.stat`]: stat,
});

describe('freeMemory', () => {
  test('is what the machine has where there are no control groups, or none with a limit', async () => {
    expect(await free({})).toBe(1000);
    expect(await free({ 'proc/self/cgroup': '0::/a\n', ...v2('a', 'max', 10) })).toBe(1000);
    expect(freeMemory()).toBeGreaterThan(0);
  });

  test('is what the tightest control group leaves, cached files counted as free', async () => {
    const own = { 'proc/self/cgroup': '0::/a/b\n' };
    const stat = 'anon 5\ninactive_file 30\nactive_file 20\nfile 77\n';
    expect(await free({ ...own, ...v2('a/b', '500', 300, stat) })).toBe(250);
    expect(await free({ ...own, ...v2('a/b', '500', 100), ...v2('a', '600', 550) })).toBe(50);
    expect(await free({ ...own, ...v2('a/b', '100', 120) })).toBe(0);
  });

  test('in a container, whose own group is the root of what it sees', async () => {
    expect(await free({ 'proc/self/cgroup': '0::/docker/abc\n', ...v2('.', '500', 100) })).toBe(400);
  });

  test('in version 1 of the interface', async () => {
    const folder = 'sys/fs/cgroup/memory/a';
    const files = {
      'proc/self/cgroup': '5:cpu,cpuacct:/x\n4:memory:/a\n0::/\n',
      [`${folder}/memory.limit_in_bytes`]: '500\n',
      [`${folder}/memory.usage_in_bytes`]: '450\n',
      [`${folder}/memory.stat`]: 'inactive_file 1\ntotal_inactive_file 100\ntotal_active_file 0\n',
    };
    expect(await free(files)).toBe(150);
  });
});
