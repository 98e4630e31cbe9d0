import type { PredictionChanges, ShownFlip } from '../data/predictions';
import { count, percent } from './figures';
import { type Html, markup } from './html';
import { heatSteps } from './style';
import { numbersOf, table } from './table';

/** Words for the two models whose predictions are compared. */
export interface FlipWords {
  /** Caption of the table. */
  readonly title: string;
  readonly before: string;
  readonly after: string;
  readonly kinds: Readonly<Record<ShownFlip['kind'], string>>;
}

const ofOneRun: FlipWords = {
  title: 'The samples',
  before: 'original',
  after: 'selected',
  kinds: {
    lost: 'only the original is right',
    gained: 'only the selected model is right',
    changed: 'both are wrong',
  },
};

/** Changed predictions: how many, by class, confusions before and after, and samples. */
export function predictionsSection(changes: PredictionChanges): Html {
  const { samples, of, before, after, lost, gained, changed, classes, flips, allFlips } = changes;
  const outliers = classes.filter(({ isCalledOut }) => isCalledOut);
  return markup`<p>
      Of ${count(samples)} ${samples < of && `of ${count(of)} `}samples of the evaluation split, ${count(before)} have
      their highest score at their label in the original, and ${count(after)} in the selected model: ${count(lost)}${' '}${lost === 1 ? 'was' : 'were'} lost and ${count(gained)} gained${changed > 0 && `, and ${count(changed)} are taken for another wrong class`}.
    </p>
    ${outliers.map(
      (row) =>
        markup`<p class="failed"><strong>Class ${row.label} lost much more than the others:</strong> ${percent(row.before / row.samples)} of its ${row.samples} samples were right, and ${percent(row.after / row.samples)} are.</p>`,
    )}
    ${
      flips.length > 0 &&
      markup`<h3>Samples that flipped</h3>
        ${flips.length < allFlips && markup`<p>The ${flips.length} of ${count(allFlips)} that the models are most sure of, lost ones first.</p>`}
        ${gallery(flips, ofOneRun)}`
    }
    <h3>Confusion</h3>
    ${confusion(changes)}
    ${numbersOf(
      'Classes',
      classes.length,
      markup`<div class="tall">
        ${table(
          'Classes',
          [
            { name: 'class' },
            { name: 'samples', numeric: true },
            { name: 'right before', numeric: true },
            { name: 'right after', numeric: true },
            { name: 'lost', numeric: true },
            { name: 'gained', numeric: true },
            { name: 'note' },
          ],
          classes.map((row) => [
            row.label,
            row.samples,
            percent(row.before / row.samples),
            percent(row.after / row.samples),
            row.lost,
            row.gained,
            row.isCalledOut && markup`<span class="failed whole">lost much more than the others</span>`,
          ]),
        )}
      </div>`,
    )}`;
}

const sure = (value: number): string => percent(value).replace('.0', '');

/** Shows changed predictions: their pictures, if there are any, and a table. */
export function gallery(flips: readonly ShownFlip[], words: FlipWords): Html {
  const { title, kinds } = words;
  if (flips.every(({ picture }) => picture === undefined)) return flipTable(flips, words);
  return markup`<ul class="flips">
    ${flips.map(
      ({ row, label, kind, before, surenessBefore, after, surenessAfter, picture }) =>
        markup`<li class="${kind}">
          ${picture !== undefined && markup`<img alt="Sample ${row}" width="64" height="64" src="${picture}" />`}
          <p><strong>${label}</strong>, row ${row}</p>
          <p>${before} → ${after}</p>
          <p
            data-tip="${kinds[kind]}; ${words.before}: ${before} by ${sure(surenessBefore)}, ${words.after}: ${after} by ${sure(surenessAfter)}"
          >
            ${kind}
          </p>
        </li>`,
    )}
  </ul>
  ${numbersOf(title, flips.length, flipTable(flips, words))}`;
}

const flipTable = (
  flips: readonly ShownFlip[],
  { title, kinds, before: first, after: second }: FlipWords,
): Html =>
  table(
    title,
    [
      { name: 'row' },
      { name: 'label', numeric: true },
      { name: first, numeric: true },
      { name: 'sure by', numeric: true },
      { name: second, numeric: true },
      { name: 'sure by', numeric: true },
      { name: 'who is right' },
    ],
    flips.map(({ row, label, kind, before, surenessBefore, after, surenessAfter }) => [
      row,
      label,
      before,
      sure(surenessBefore),
      after,
      sure(surenessAfter),
      markup`<span class="whole">${kinds[kind]}</span>`,
    ]),
  );

function confusion({ matrix, confusions }: PredictionChanges): Html {
  if (!matrix)
    return markup`<p>There are too many classes for a matrix: the mistakes that the selected model makes most.</p>
      ${table(
        'Confusion',
        [
          { name: 'label' },
          { name: 'taken for', numeric: true },
          { name: 'before', numeric: true },
          { name: 'after', numeric: true },
        ],
        confusions.map(({ label, predicted, before, after }) => [label, predicted, before, after]),
      )}`;
  return markup`<p>Samples by their label (rows) and the class that they are taken for (columns). Mistakes are coloured by their number.</p>
    <div class="pair">
      ${(['before', 'after'] as const).map((side) => matrixTable(matrix, confusions, side))}
    </div>`;
}

function matrixTable(
  classes: readonly number[],
  confusions: PredictionChanges['confusions'],
  side: 'before' | 'after',
): Html {
  const known = new Map(confusions.map((one) => [`${one.label} ${one.predicted}`, one[side]]));
  // One scale for both, so that they can be compared.
  const most = Math.max(
    1,
    ...confusions
      .filter(({ label, predicted }) => label !== predicted)
      .flatMap(({ before, after }) => [before, after]),
  );
  const title = side === 'before' ? 'Original' : 'Selected model';
  return markup`<div>
    <h4>${title}</h4>
    <div class="scroll" tabindex="0" role="region" aria-label="Confusion of the ${title}: table">
      <table class="heat matrix">
        <thead>
          <tr>
            <th scope="col">label</th>
            ${classes.map((one) => markup`<th scope="col" class="n">${one}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${classes.map(
            (label) =>
              markup`<tr>
                <th scope="row">${label}</th>
                ${classes.map((predicted) => {
                  const value = known.get(`${label} ${predicted}`) ?? 0;
                  const isRight = label === predicted;
                  const step = isRight || !value ? 0 : Math.ceil(((heatSteps - 1) * value) / most);
                  return markup`<td class="h${step}">${isRight ? markup`<strong>${value}</strong>` : value || '·'}</td>`;
                })}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </div>`;
}
