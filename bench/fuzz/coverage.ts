import { Session } from 'node:inspector';

interface Taken {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
    }[];
  }[];
}

/** Blocks of the project's own code that V8 saw running. It makes code slower, and costs some ms for each look. */
export class Coverage {
  private readonly session = new Session();
  private readonly seen = new Set<string>();

  constructor() {
    this.session.connect();
    this.session.post('Profiler.enable');
  }

  start(): void {
    this.session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
  }

  stop(): void {
    this.session.post('Profiler.stopPreciseCoverage');
  }

  /** Number of blocks seen so far. */
  get blocks(): number {
    return this.seen.size;
  }

  /** Tells if blocks ran since the last look that had never run before. */
  foundNew(): boolean {
    const before = this.seen.size;
    let taken: Taken | undefined;
    // Its callback is called at once.
    this.session.post('Profiler.takePreciseCoverage', (error, result) => {
      if (!error) taken = result;
    });
    for (const { url, functions } of taken?.result ?? []) {
      if (!/\/dist\/(?!bench\/fuzz)/.test(url)) continue;
      for (const { ranges } of functions)
        for (const { startOffset, count } of ranges) if (count) this.seen.add(`${url}:${startOffset}`);
    }
    return this.seen.size > before;
  }
}
