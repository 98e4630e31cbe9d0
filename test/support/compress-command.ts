import type { CompressReport } from '../../engine/api/compress-report';
import { slimflow } from './cli';

/** Options that make scoring quick. */
export const few = ['--candidates', '4', '--samples', '4'];
/** Arguments that compress `model.onnx` of a folder to `small.onnx`, from few scores. */
export const args = (technique: string, target: number, ...more: string[]) => [
  'compress',
  'model.onnx',
  '--technique',
  technique,
  '--target',
  `${target}`,
  '--out',
  'small.onnx',
  ...few,
  ...more,
];

/** Runs it with --json in a folder with the tiny network. */
export async function compressed(folder: string, command: string[]): Promise<CompressReport> {
  const { out, err, status } = await slimflow(folder, [...command, '--json']);
  const report = JSON.parse(out) as CompressReport;
  const isOver = report.shortfall !== null && report.achieved > report.target!;
  expect([err, status]).toEqual(['', isOver ? 3 : 0]);
  return report;
}
