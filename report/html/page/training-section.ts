import type { Training } from '../data/training';
import { draw } from './drawing';
import { metricPoints } from './figures';
import { markup, type Html } from './html';
import { numbersOf, table } from './table';
import { drawnCurves, lossCurve } from './training-picture';

/** Curves of training. */
export function trainingSection(training: Training): Html {
  const { rows } = training;
  const rollbacks = rows.flatMap(({ candidate, rollbacks: all }) =>
    all.map((one) => ({ candidate, ...one })),
  );
  const drawn = drawnCurves(training);
  return markup`${drawn.length > 0 && markup`<p>The thick line is the selected candidate; a point shows its candidate and value on hover.</p>`}
    ${drawn.map(({ name, picture }) => draw(name, picture))}
  
  ${
    rollbacks.length > 0 &&
    markup`<p>Returns to an earlier state, at the dotted lines:</p>
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
