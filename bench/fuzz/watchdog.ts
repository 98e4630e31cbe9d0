import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { parentPort, Worker, workerData } from 'node:worker_threads';

/*
 * A thread that watches the main thread of a fuzzing process from within: an input that takes too long or too much
 * memory ends the process, after a note of where in the code it was.
 */

/** Most that an input may take; above that it is a find. */
export const bounds = { cpuSeconds: 10, wallSeconds: 120, bytes: 2e9 };

/** A note that the watchdog leaves. */
export interface Verdict {
  readonly kind: 'hang' | 'memory';
  /** Time and memory that the input had taken. */
  readonly told: string;
  readonly stack: string;
}

interface Watched {
  readonly clock: SharedArrayBuffer;
  readonly noteFile: string;
}

/** Tells the watchdog when an input begins and ends. */
export class Watchdog {
  private readonly clock = new Float64Array(new SharedArrayBuffer(16));

  /** @param noteFile path of the note that is left if the process is ended */
  constructor(noteFile: string) {
    const workerData: Watched = { clock: this.clock.buffer, noteFile };
    new Worker(__filename, { workerData }).unref();
  }

  begin(): void {
    this.clock[0] = cpu();
    this.clock[1] = Date.now();
  }

  end(): void {
    this.clock[1] = 0;
  }
}

/** Seconds of processor time that this process has taken. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The functions that the main thread is in, innermost first; none if it is in native code. */
function stackOfMain(done: (stack: string) => void): void {
  const session = new Session();
  const give = setTimeout(() => done('at native code'), 3000);
  session.connectToMainThread();
  session.on('Debugger.paused', ({ params }) => {
    clearTimeout(give);
    const frames = params.callFrames.map(({ functionName, url, location }) => {
      return `    at ${functionName || 'anonymous'} (${url.replace('file://', '')}:${location.lineNumber + 1})`;
    });
    done(frames.slice(0, 30).join('\n'));
  });
  session.post('Debugger.enable', () => session.post('Debugger.pause'));
}

function watch({ clock: buffer, noteFile }: Watched): void {
  const clock = new Float64Array(buffer);
  const look = setInterval(() => {
    // Read once: the main thread may end an input, and begin the next, in between.
    const begun = clock[1];
    if (!begun) return;
    const seconds = (Date.now() - begun) / 1000;
    const spent = cpu() - clock[0];
    const isSlow = spent > bounds.cpuSeconds || seconds > bounds.wallSeconds;
    const isLarge = process.memoryUsage.rss() > bounds.bytes;
    if (!isSlow && !isLarge) return;
    clearInterval(look);
    stackOfMain((stack) => {
      const told = `${spent.toFixed(1)} s of processor time, ${seconds.toFixed(1)} s, ${process.memoryUsage.rss()} bytes`;
      const verdict: Verdict = { kind: isLarge ? 'memory' : 'hang', told, stack };
      writeFileSync(noteFile, JSON.stringify(verdict));
      process.kill(process.pid, 'SIGKILL');
    });
  }, 50);
}

if (parentPort) watch(workerData as Watched);
