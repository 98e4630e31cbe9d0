import { readdirSync, readFileSync } from 'node:fs';

/**
 * Facts that Linux gives about a process: its parent, and the CPU time that it took, in ticks of a hundredth of a
 * second.
 */
interface ProcessStat {
  readonly parent: number;
  readonly ticks: number;
}

/** Undefined if the process is gone. */
function statOf(pid: number): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything; the fields after it are counted from the third.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined;
  }
}

/** The processes that a process has started and that are there. */
export const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => statOf(one)?.parent === pid);

/** CPU time of a process, all its threads together, in hundredths of a second; 0 once it is gone. */
export const cpuTicks = (pid: number): number => statOf(pid)?.ticks ?? 0;
