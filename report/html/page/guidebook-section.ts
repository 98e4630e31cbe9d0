import type { Branch, Steps } from '../data/steps';
import type { Timeline } from '../data/timeline';
import { draw } from './drawing';
import { duration, metricPoints, ratioText } from './figures';
import { type Content, markup, type Html } from './html';
import { switched } from './switched';
import { numbersOf, table } from './table';
import { timelinePicture } from './timeline-picture';

/** The candidates as a tree, with decisions, and the timeline. */
export function guidebookSection(
  { branches, decisions, seconds, isRunning }: Steps,
  timeline: Timeline | undefined,
): Html {
  return markup`<p>
      The run ${isRunning ? 'has taken' : 'took'} ${duration(seconds)}${isRunning && ' so far'}. Candidates stand under the model that they were made from.
    </p>
    <ul class="tree">
      <li class="soft">
        <div><strong>original</strong></div>
        <ul>
          ${branches.map(branch)}
        </ul>
      </li>
    </ul>
    ${
      decisions.length > 0 &&
      markup`<h3>What people decided</h3>
        ${table(
          'What people decided',
          [{ name: 'when' }, { name: 'what' }, { name: 'by' }, { name: 'note' }],
          decisions.map(({ at, what, by, note }) => [at, what, by, note]),
        )}`
    }
    ${
      timeline &&
      markup`<h3>Timeline</h3>
        ${timelines(timeline)}
        ${numbersOf(
          'The timeline',
          timeline.bars.length,
          table(
            'The timeline',
            [
              { name: 'work' },
              { name: 'from', numeric: true },
              { name: 'took', numeric: true },
              { name: 'attempts', numeric: true },
              { name: 'worker' },
              { name: 'outcome' },
            ],
            timeline.bars.map(({ of, kind, summary, from, to, attempts, worker, outcome, failure, href }) => [
              linked(summary ?? `${kind} of ${of}`, href),
              duration(from),
              duration(to - from),
              attempts,
              worker,
              failure === undefined
                ? outcome
                : outcome === 'done'
                  ? `done, after: ${failure}`
                  : `${outcome}: ${failure}`,
            ]),
          ),
        )}`
    }`;
}

const timelines = (timeline: Timeline): Html =>
  switched(
    'timeline',
    'by',
    (timeline.byWorker.rows.length ? (['model', 'worker'] as const) : (['model'] as const)).map((by) => ({
      key: by,
      name: by,
      body: draw(`timeline-${by}`, (width) => timelinePicture(timeline, by, width)),
    })),
  );

function branch({
  id,
  technique,
  round,
  asked,
  status,
  achieved,
  drop,
  decision,
  reasons,
  children,
  ...work
}: Branch): Html {
  const { seconds, retries } = work;
  const facts = [
    `${technique} to ${Number(asked.toFixed(4))} of the model above`,
    achieved !== undefined && `ratio ${ratioText(achieved)}`,
    drop !== undefined && `drop ${metricPoints(drop)}`,
    round > 0 && `revisit ${round}`,
    seconds !== undefined && duration(seconds),
    retries && `${retries} ${retries === 1 ? 'retry' : 'retries'}`,
  ].filter(Boolean);
  return markup`<li class="${status}">
    <div>
      <strong>${id}</strong> <span class="badge">${status}</span>
      <p>${facts.join(', ')}</p>
      ${reasons.length ? reasons.map((why) => markup`<p>${why}</p>`) : markup`<p>${decision}</p>`}
    </div>
    ${
      children.length > 0 &&
      markup`<ul>
        ${children.map(branch)}
      </ul>`
    }
  </li>`;
}

const linked = (text: string, href: string | undefined): Content =>
  href === undefined ? text : markup`<a href="${href}">${text}</a>`;
