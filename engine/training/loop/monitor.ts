import { CheckpointPace } from '../../checkpoints';
import type { Checkpoints } from './checkpoint';
import type { TrainingState } from './state';

/** Reports of training, and its way to stop. */
export interface Monitor {
  report(progress: {
    done: number;
    total: number;
    note: string;
    losses?: readonly number[];
    checkpoint?: string;
  }): void;
  /** @throws if training should stop */
  checkStop(): void;
}

const reportEveryMs = 500;

/** Reports progress twice a second, writes checkpoints on time, and stops on request. */
export class Watch {
  private reported = 0;
  private readonly pace: CheckpointPace;
  private saved: string | undefined;

  constructor(
    private readonly monitor: Monitor,
    private readonly checkpoints: Checkpoints,
    seconds: number,
    private readonly total: number,
  ) {
    this.pace = new CheckpointPace(seconds);
  }

  /** Stops on request, after writing a checkpoint, so that nothing trained since the last one is lost. */
  checkStop(state: TrainingState): void {
    try {
      this.monitor.checkStop();
    } catch (error) {
      if (state.step > 0 && this.saved !== mark(state)) this.checkpoint(state);
      throw error;
    }
  }

  /** Writes a checkpoint if it is due and the state is worth one. */
  checkpointOnTime(state: TrainingState): void {
    if (state.step > 0 && this.saved !== mark(state) && this.pace.isDue) this.checkpoint(state);
  }

  /** Writes a checkpoint and reports it. */
  checkpoint(state: TrainingState): void {
    const checkpoint = this.pace.write(() => this.checkpoints.write(state));
    this.saved = mark(state);
    this.tell(state, `checkpoint at step ${state.step}`, checkpoint);
  }

  /** Reports, unless that was done just before; the last step is always reported. */
  report(state: TrainingState, note: () => string): void {
    const now = Date.now();
    if (now - this.reported < reportEveryMs && state.step < this.total) return;
    this.reported = now;
    this.tell(state, note());
  }

  /** Reports in any case. */
  tell({ step, losses }: TrainingState, note: string, checkpoint?: string): void {
    this.monitor.report({ done: step, total: this.total, note, losses: meansOf(losses), checkpoint });
  }
}

/** Distinguishes states of one training: a step is reached again after a retry. */
const mark = ({ step, retries }: TrainingState): string => `${retries.length} ${step}`;

/** Stretches of a curve in progress: enough for a picture, few enough for a heartbeat. */
const stretches = 60;

/** Returns the means of at most 60 equal stretches of a curve, to four digits. */
export function meansOf(values: readonly number[]): number[] {
  const size = Math.max(1, Math.ceil(values.length / stretches));
  return Array.from({ length: Math.ceil(values.length / size) }, (_, at) => {
    const own = values.slice(at * size, (at + 1) * size);
    return Number((own.reduce((sum, value) => sum + value, 0) / own.length).toPrecision(4));
  });
}
