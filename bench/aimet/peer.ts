import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../docs';

/** AIMET's ranks and costs of a layer at each candidate ratio. */
export interface PeerPlan {
  readonly ranks: readonly number[];
  /** MACs of the pair by AIMET's formula. */
  readonly costs: readonly number[];
}

export interface PeerLayer {
  /** PyTorch's name, such as `blocks.0.c1`. */
  readonly name: string;
  readonly macs: number;
  readonly 'spatial-svd'?: PeerPlan;
  readonly 'weight-svd'?: PeerPlan;
  /** Input channels kept at each candidate ratio, ascending. */
  readonly kept?: readonly (readonly number[])[];
}

/** One call of AIMET's `compress_model`. */
export interface PeerRun {
  readonly technique: string;
  readonly target: number;
  readonly seconds: number;
  /** True if the call computed the eval scores, false if it read those of an earlier one. */
  readonly scored: boolean;
  /** The compressed model, an ONNX file in the folder. */
  readonly model: string;
}

/** The report that aimet_peer.py writes. */
export interface PeerReport {
  readonly ratios: readonly number[];
  readonly layers: readonly PeerLayer[];
  /** The eval-score dictionary of each technique: points by layer, in the order of `ratios`. */
  readonly scores: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  readonly runs: readonly PeerRun[];
}

/**
 * Runs AIMET in the Python named by PYTHON, unless `folder` has its report already.
 * @throws Error if that Python has no aimet-torch, or AIMET fails
 */
export function runPeer(folder: string, threads: number, targets: readonly number[]): PeerReport {
  const report = join(folder, 'aimet.json');
  const python = process.env.PYTHON ?? 'python3';
  if (!existsSync(report)) {
    const script = join(root, 'bench', 'aimet', 'aimet_peer.py');
    const digits = join(root, 'examples', 'digits');
    const args = [script, digits, folder, '--threads', `${threads}`, '--targets', ...targets.map(String)];
    const { status } = spawnSync(python, args, { stdio: ['ignore', 'inherit', 'ignore'] });
    if (status !== 0)
      throw new Error(
        `${python} could not run AIMET: install aimet-torch 2.42.0 and name that Python by PYTHON; \`${python} ${args.join(' ')}\` says more`,
      );
  }
  return JSON.parse(readFileSync(report, 'utf8')) as PeerReport;
}
