import type { Summary } from '../data/summary';
import { count, metricPoints, ratioText } from './figures';
import { markup, type Html } from './html';
import { table } from './table';

const outcomes: Record<Summary['outcome'], string> = {
  selected: 'a model was selected',
  'requirement-not-met': 'requirement not met',
  stopped: 'stopped',
  running: 'running',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** The sentence, how sure it is, what to do next, and the figures. */
export function summarySection({ outcome, sentence, sureness, next, figures, notes }: Summary): Html {
  const shown = { count, points: metricPoints, ms: (value: number) => `${value.toFixed(2)} ms` };
  return markup`<p><span class="badge ${outcome}">${outcomes[outcome]}</span></p>
    <p class="lead">${sentence}</p>
    ${sureness.map((one) => markup`<p>${one}</p>`)}
    ${
      next.length > 0 &&
      markup`<h3>What to do next</h3>
        <ul>
          ${next.map((one) => markup`<li>${one}</li>`)}
        </ul>`
    }
    ${
      figures.length > 0 &&
      table(
        'Figures before and after',
        [
          { name: 'figure' },
          { name: 'original', numeric: true },
          { name: 'selected', numeric: true },
          { name: 'ratio', numeric: true },
        ],
        figures.map(({ name, before, after, ratio, unit }) => [
          name,
          shown[unit](before),
          after === undefined ? 'none' : shown[unit](after),
          ratioText(ratio),
        ]),
      )
    }
    ${
      notes.length > 0 &&
      markup`<details open>
        <summary>Notes</summary>
        <ul>
          ${notes.map((note) => markup`<li>${note}</li>`)}
        </ul>
      </details>`
    }`;
}
