import { retriesOf, waitsOf } from '../../client/events';
import type { Observation, PendingWork } from '../../client/observation';
import { stages } from '../../contract/run';
import { duration } from '../../report/html/page/figures';
import { type Content, type Html, markup } from '../../report/html/page/html';
import { table } from '../../report/html/page/table';
import { stepText, workText } from '../../report/progress';
import { waitingText } from '../../report/waiting';

/** Details that the section shows beside the observation. */
export interface NowDetails {
  readonly startedAt?: string;
  /** Estimated seconds to the end of the run. */
  readonly secondsLeft?: number;
  /** Workers that wait for work, by their identity. */
  readonly idle: readonly string[];
  /** Returns the address of a piece of work in Temporal's UI. */
  readonly linkOf: (work: PendingWork) => string | undefined;
  /** A sentence about what can't be read now. */
  readonly trouble?: string;
}

/** Says what a run is at: its stage, what it waits for, what is being retried, and what each worker does. */
export function nowSection(observation: Observation, details: NowDetails): Html {
  const { progress, work = [], scoringLeft = {} } = observation;
  const { startedAt, secondsLeft, idle, linkOf, trouble } = details;
  const at = progress ? (stages as readonly string[]).indexOf(progress.stage) + 1 : 0;
  const scoring = progress?.scoring.filter(({ done, total }) => done < total) ?? [];
  return markup`${
    progress &&
    markup`<p>
      <progress aria-label="Steps of the guidebook" value="${at}" max="${stages.length}"></progress>
      ${stepText(progress.stage)}
    </p>`
  }
    <p class="soft">
      ${startedAt !== undefined && markup`Running for <span data-since="${startedAt}" data-keep></span>. `}
      ${secondsLeft !== undefined && markup`About ${duration(secondsLeft)} left, at the pace so far.`}
    </p>
    ${trouble !== undefined && markup`<div class="retry"><p>${trouble}</p></div>`}
    ${waitsOf(observation).map((wait) => markup`<div class="wait"><p>${waitingText(wait)}</p></div>`)}
    ${retriesOf(observation).map(retry)}
    ${scoring.map(({ of, technique, done, total }) => {
      const left = scoringLeft[`${of}/${technique}`];
      return markup`<p>
        <progress aria-label="Layers of ${of} scored" value="${done}" max="${total}"></progress>
        ${technique} of ${of}: ${done} of ${total} layers scored${left !== undefined && `, ${duration(left)} left`}
      </p>`;
    })}
    ${
      work.length > 0
        ? table(
            'Work in progress',
            [
              { name: 'work' },
              { name: 'of' },
              { name: 'progress' },
              { name: 'left', numeric: true },
              { name: 'for', numeric: true },
              { name: 'worker' },
            ],
            work.map((one) => [
              linked(workText(one.activity), linkOf(one)),
              one.of,
              progressOf(one),
              one.at?.secondsLeft === undefined ? '' : duration(one.at.secondsLeft),
              one.startedAt !== undefined && markup`<span data-since="${one.startedAt}" data-keep></span>`,
              one.state === 'running' ? one.worker : 'waits for a worker',
            ]),
          )
        : markup`<p>No work is in progress.</p>`
    }
    ${idle.length > 0 && markup`<p class="soft">Workers without work: ${idle.join(', ')}.</p>`}`;
}

function retry(one: ReturnType<typeof retriesOf>[number]): Html {
  const { of, activity, attempt, nextTryAt, failure } = one;
  return markup`<div class="retry">
    <p>
      <strong>${workText(activity)} of ${of}</strong> failed and is tried again: attempt
      ${attempt}${nextTryAt !== undefined && ` at ${nextTryAt.slice(11, 19)} UTC`}.
    </p>
    <p>Last error: ${failure.message}</p>
    ${failure.fix !== undefined && markup`<p>To fix it: ${failure.fix}</p>`}
  </div>`;
}

function progressOf({ at, attempt }: PendingWork): string {
  const share = at && at.total > 0 ? `${Math.floor((100 * at.done) / at.total)} %` : '';
  return [share, at?.note, attempt > 1 && `try ${attempt}`].filter(Boolean).join(', ');
}

const linked = (text: string, href: string | undefined): Content =>
  href === undefined ? text : markup`<a href="${href}">${text}</a>`;
