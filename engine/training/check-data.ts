import type { Dataset } from '../data/dataset';
import { EngineError } from '../errors';
import { lossRule } from './losses/loss';
import type { LossSettings } from './settings';
import type { TrainingStep } from './step/step';

/** @throws EngineError `InvalidData` if there are no labels, or one is not valid for the loss */
export function checkLabelsOf(
  data: Dataset,
  { labels, classes }: Pick<TrainingStep, 'labels' | 'classes'>,
  settings: LossSettings,
  file: string,
): void {
  // What labels mean to a user's loss, only the user knows.
  if (!labels || labels === 'own') return;
  const { range = [-Infinity, Infinity] } = lossRule(settings);
  const last = classes - 1;
  if (labels === 'score') {
    const wanted = range[1] < Infinity ? `labels from ${range[0]} to ${range[1]}` : 'finite labels';
    const fix = `${settings.loss} needs ${wanted}: fix that sample, or leave it out`;
    checkRange(data, range, fix, file);
  } else {
    const hint = data.labelShape.length ? '; set ignoreLabel to a label that is to be ignored' : '';
    checkRange(data, [0, last], `the model's classes are 0 to ${last}${hint}`, file, settings.ignoreLabel);
  }
}

function checkRange(
  data: Dataset,
  [low, high]: readonly [number, number],
  wanted: string,
  file: string,
  ignored?: number,
): void {
  const holds = (label: number) => label >= low && label <= high && Number.isFinite(label);
  const isUnknown = (label: number) => data.unknownLabels && Number.isNaN(label);
  const wrong = data.findLabel((label) => !holds(label) && label !== ignored && !isUnknown(label));
  if (!wrong) return;
  throw new EngineError(
    'InvalidData',
    `${file} holds label ${wrong.label} (row ${wrong.row} of the split); ${wanted}`,
  );
}
