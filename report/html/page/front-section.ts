import type { Front, FrontPoint } from '../data/front';
import { draw } from './drawing';
import { count, metricPoints } from './figures';
import { costText, floorOf, frontPicture } from './front-picture';
import { markup, type Html } from './html';
import { switched } from './switched';
import { numbersOf, table } from './table';

const roles: Record<FrontPoint['role'], string> = {
  original: '■ original',
  selected: '◆ selected',
  picked: '▲ picked for channel pruning',
  other: '● other candidate',
};

/** The front, with a switch between costs, and its numbers. */
export function frontSection(front: Front): Html {
  const { axes, points, metric } = front;
  const hidden = points.filter(({ before }) => before !== undefined && before < floorOf(front)).length;
  return markup`<p>
      Each candidate as compressed (hollow), and after fine-tuning, where its arrow ends. The band is what the
      tolerance allows.${hidden > 0 && ` ${hidden} of them start below the picture.`}
    </p>
    <ul class="key">
      ${[...new Set(points.map(({ role }) => role))].map((role) => markup`<li class="${role}">${roles[role]}</li>`)}
    </ul>
    ${switched(
      'front',
      `${metric} over`,
      axes.map((axis) => ({
        key: axis.key,
        name: axis.name,
        body: draw(`front-${axis.key}`, (width) => frontPicture(front, axis, width)),
      })),
    )}
    ${numbersOf(
      'The front',
      points.length,
      table(
        'The front',
        [
          { name: 'model' },
          ...axes.map(({ name }) => ({ name, numeric: true })),
          { name: 'as compressed', numeric: true },
          { name: 'after fine-tuning', numeric: true },
          { name: 'drop', numeric: true },
        ],
        points.map((point) => [
          markup`<span class="${point.role}">${point.id}</span>`,
          ...axes.map(({ key, unit }) => {
            const value = point.costs[key];
            return value === undefined ? '' : unit === 'count' ? count(value) : costText(unit, value);
          }),
          metricPoints(point.before),
          metricPoints(point.after),
          metricPoints(point.drop),
        ]),
      ),
    )}`;
}
