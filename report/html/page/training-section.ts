import type { Training } from '../data/training';
import { draw } from './drawing';
import { metricPoints } from './figures';
import { markup, type Html } from './html';
import { numbersOf, table } from './table';
import { lossCurve, metricCurve, trainingPicture } from './training-picture';

/** Curves of training. */
export function trainingSection(training: Training): Html {
  const { rows } = training;
  const rollbacks = rows.flatMap(({ candidate, rollbacks: all }) =>
    all.map((one) => ({ candidate, ...one })),
  );
  const loss = rows.some(({ losses }) => losses.length);
  const judged = rows.some(({ evaluations }) => evaluations.length);
  return markup`${loss && draw('loss', (width) => trainingPicture(training, lossCurve, width))}
  ${judged && draw('metric', (width) => trainingPicture(training, metricCurve, width))}
  ${
    rollbacks.length > 0 &&
    markup`<p>Dotted lines mark returns to an earlier state:</p>
      <ul>
        ${rollbacks.map(({ candidate, epoch, why }) => markup`<li>${candidate}, epoch ${Number(epoch.toFixed(2))}: ${why}</li>`)}
      </ul>`
  }
  ${numbersOf(
    'Training',
    rows.length,
    table(
      'Training',
      [
        { name: 'candidate' },
        { name: 'epochs', numeric: true },
        { name: 'steps', numeric: true },
        { name: 'learning rate', numeric: true },
        { name: 'first loss', numeric: true },
        { name: 'last loss', numeric: true },
        { name: 'metric before', numeric: true },
        { name: 'metric after', numeric: true },
      ],
      rows.map((row) => [
        row.candidate,
        row.epochs,
        row.steps,
        row.learningRate,
        row.losses[0] && lossCurve.text(row.losses[0].loss),
        row.losses.length > 0 && lossCurve.text(row.losses.at(-1)!.loss),
        metricPoints(row.metricBefore),
        metricPoints(row.metricAfter),
      ]),
    ),
  )}`;
}
