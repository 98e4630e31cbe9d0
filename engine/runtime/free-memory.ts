import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { dirname, join } from 'node:path';

/** Folders and file names of control groups, in both versions of Linux's interface. */
const versions = [
  {
    root: 'sys/fs/cgroup',
    line: /^0::(.*)$/m,
    limit: 'memory.max',
    used: 'memory.current',
    cached: /^(?:in)?active_file (\d+)$/gm,
  },
  {
    root: 'sys/fs/cgroup/memory',
    line: /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m,
    limit: 'memory.limit_in_bytes',
    used: 'memory.usage_in_bytes',
    cached: /^total_(?:in)?active_file (\d+)$/gm,
  },
] as const;

/**
 * Returns the bytes that this process can still allocate: what the machine has available, or less if a control group (a
 * container's) allows less. Cached files count as free, since the kernel drops them.
 * @param system bytes that the machine has, by default as reported by Node
 * @param root the folder that stands for `/`
 */
export function freeMemory(system = freemem(), root = '/'): number {
  const read = (...path: string[]) => {
    try {
      return readFileSync(join(root, ...path), 'utf8');
    } catch {
      return '';
    }
  };
  const own = read('proc/self/cgroup');
  let least = system;
  for (const { root: mount, line, limit, used, cached } of versions) {
    const path = line.exec(own)?.[1];
    if (path === undefined) continue;
    // Each group is bound by those that contain it; a container may see its own as the root.
    for (let group = join('/', path); ; group = dirname(group)) {
      const most = Number.parseInt(read(mount, group, limit), 10);
      const taken = Number.parseInt(read(mount, group, used), 10);
      if (!Number.isNaN(most) && !Number.isNaN(taken)) {
        const files = [...read(mount, group, 'memory.stat').matchAll(cached)];
        const reclaimable = files.reduce((sum, [, bytes]) => sum + Number(bytes), 0);
        least = Math.min(least, Math.max(0, most - taken + reclaimable));
      }
      if (group === '/') break;
    }
  }
  return least;
}
