import type { Section } from '../report/html/page/page';

/** A page as it is now. */
export interface View {
  readonly title: string;
  readonly heading: string;
  readonly sections: readonly Section[];
  /** True if nothing will change any more. */
  readonly isOver: boolean;
}

/** Something that changes, and is told to all who look at it. */
export abstract class Watched {
  private readonly listeners = new Set<(view: View) => void>();
  private current?: View;
  private stopping?: AbortController;

  /** Watches it until the signal is aborted, and calls `tell` with each change. */
  protected abstract watch(tell: (view: View) => void, signal: AbortSignal): Promise<void>;

  /** Tells a listener what is known, and each change from then on; it is watched as long as somebody listens. */
  listen(listener: (view: View) => void): () => void {
    this.listeners.add(listener);
    if (this.current) listener(this.current);
    this.begin();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size) return;
      this.stopping?.abort();
      this.stopping = undefined;
    };
  }

  /** Returns what is known now, or waits for the first view. @throws the error that ended the watching */
  async first(): Promise<View> {
    if (this.current) return this.current;
    let stop: () => void = () => undefined;
    try {
      return await new Promise<View>((resolve, reject) => {
        stop = this.listen(resolve);
        this.failed = reject;
      });
    } finally {
      stop();
    }
  }

  private failed: (error: unknown) => void = () => undefined;

  private begin(): void {
    if (this.stopping || this.current?.isOver) return;
    const stopping = (this.stopping = new AbortController());
    const tell = (view: View) => {
      if (stopping.signal.aborted) return;
      this.current = view;
      for (const listener of [...this.listeners]) listener(view);
    };
    this.watch(tell, stopping.signal).then(
      () => undefined,
      (error: unknown) => {
        if (!stopping.signal.aborted) this.failed(error);
        this.stopping = undefined;
      },
    );
  }
}
