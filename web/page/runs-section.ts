import type { ListedRun, RunFilter } from '../../client/list-runs';
import { runStatuses } from '../../client/run-status';
import { stages } from '../../contract/run';
import { duration } from '../../report/html/page/figures';
import { type Content, type Html, markup } from '../../report/html/page/html';
import { table } from '../../report/html/page/table';

const outcomes = ['selected', 'requirement-not-met', 'stopped'];

/** Shows runs as a table, with a form for the filter. */
export function runsSection(
  runs: readonly ListedRun[],
  filter: RunFilter,
  { more, trouble }: { readonly more: boolean; readonly trouble?: string },
): Html {
  return markup`<form id="filter" method="get" action="/">
      ${choice('status', runStatuses, filter.status)}
      <label class="field">model <input class="short" name="model" value="${filter.model ?? ''}" /></label>
      ${choice('stage', stages, filter.stage)} ${choice('outcome', outcomes, filter.outcome)}
      <label class="field">
        Temporal query
        <input class="long" name="query" value="${filter.query ?? ''}" placeholder="SlimflowRatio &lt; 0.5" />
      </label>
      <button>Filter</button>
    </form>
    ${trouble !== undefined && markup`<div class="retry"><p>The list can't be read now: ${trouble}</p></div>`}
    ${
      runs.length
        ? table(
            'Runs',
            [
              { name: 'run' },
              { name: 'status' },
              { name: 'stage' },
              { name: 'target', numeric: true },
              { name: 'outcome' },
              { name: 'started' },
              { name: 'took', numeric: true },
            ],
            runs.map(({ workflowId, status, memo, startedAt, endedAt }) => [
              markup`<a href="/runs/${encodeURIComponent(workflowId)}">${workflowId}</a>`,
              status,
              text(memo.stage),
              text(memo.target),
              text(memo.outcome),
              startedAt.toISOString().replace('T', ' ').slice(0, 19),
              endedAt
                ? duration((endedAt.getTime() - startedAt.getTime()) / 1000)
                : markup`<span data-since="${startedAt.toISOString()}" data-keep></span>`,
            ]),
          )
        : markup`<p>No matching runs.</p>`
    }
    ${more && markup`<p>There are more runs; a filter shows fewer.</p>`}`;
}

const text = (value: unknown): Content =>
  typeof value === 'string' || typeof value === 'number' ? value : '';

const choice = (name: string, values: readonly string[], chosen: string | undefined): Html =>
  markup`<label class="field">
    ${name}
    <select name="${name}">
      <option value="">any</option>
      ${values.map((value) => markup`<option value="${value}" ${value === chosen && markup` selected`}>${value}</option>`)}
    </select>
  </label>`;
