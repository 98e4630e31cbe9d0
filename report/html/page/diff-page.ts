import type { DrawnNode, GraphDiff } from '../data/graph-diff';
import type { DiffLayer, ModelDiff } from '../data/model-diff';
import { diffScript } from './diff-script';
import { count, ratioText } from './figures';
import { graphPicture } from './graph-picture';
import { type Content, type Html, markup } from './html';
import { pageOf } from './page';
import { script } from './script';
import { table } from './table';

/** Names of two models, as they were given. */
export interface DiffNames {
  readonly original: string;
  readonly small: string;
}

const style = `
.pane{overflow:auto;height:70vh;border:1px solid var(--line);border-radius:6px;background:var(--paper);cursor:grab;overscroll-behavior:contain}
.panes{display:grid;grid-template-columns:1fr 1fr;gap:12px;margin:8px 0}.panes>div{min-width:0}
.graph{display:block;margin:0 auto}
.graph text{font-size:11px;text-anchor:middle;fill:var(--ink)}.graph .op{font-weight:600}
.graph rect{fill:var(--card);stroke:var(--soft)}.graph .edges{fill:none;stroke:var(--other);stroke-width:1.2}
.graph .split rect{stroke:var(--accent);stroke-width:3}.graph .pruned rect{stroke:var(--picked);stroke-width:3;stroke-dasharray:7 3}
.graph .removed rect{stroke:var(--bad);stroke-width:3;stroke-dasharray:2 3}.graph .added rect{stroke:var(--good);stroke-width:3}
.graph .chosen rect{fill:var(--band);stroke:var(--ink);stroke-width:4}
.graph [data-layer]{cursor:pointer}
.tools{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;margin:8px 0}.tools label{display:flex;gap:6px;align-items:center;max-width:100%;min-width:0}.tools select{min-width:0}
.tools button,.tools select{font:inherit;font-size:14px;color:var(--ink);background:var(--card);border:1px solid var(--soft);border-radius:5px;padding:3px 10px}
.split{color:var(--accent)}.pruned{color:var(--picked)}.removed{color:var(--bad)}.added{color:var(--good)}.unchanged{color:var(--soft)}
header,main,nav{max-width:1500px}
@media (max-width:640px){.panes{grid-template-columns:1fr}.pane{height:60vh}}
@media print{.pane{height:auto;overflow:visible}.tools{display:none}}
`;

const words: Record<DrawnNode['status'], string> = {
  split: '━ split into layers of a lower rank',
  pruned: '╍ fewer channels',
  removed: '┅ removed',
  added: '━ added',
  unchanged: '─ as before',
};

/** Draws the comparison of two models as one HTML file, which needs nothing else. */
export const diffPage = (names: DiffNames, diff: ModelDiff, graphs: GraphDiff): string =>
  pageOf(
    {
      title: `${names.original} → ${names.small}: Slimflow diff`,
      policy: "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
      script: script + diffScript,
      style,
      header: markup`<h1>${names.original} → ${names.small}</h1>`,
    },
    [
      { id: 'figures', title: 'Figures', body: figures(diff) },
      { id: 'graphs', title: 'Graphs', body: panes(diff, graphs) },
      { id: 'layers', title: 'Layers', body: layers(diff) },
    ],
  );

function figures({ original, small, layers: all, added }: ModelDiff): Html {
  const kinds = (['split', 'pruned', 'removed', 'unchanged'] as const).map(
    (status) => [status, all.filter((layer) => layer.status === status).length] as const,
  );
  const row = (name: string, before: number | undefined, after: number | undefined, show = count) =>
    before === undefined || after === undefined
      ? []
      : [[name, show(before), show(after), before ? ratioText(after / before) : '']];
  return markup`<p>
      Of ${all.length} layers,
      ${kinds
        .filter(([, number]) => number)
        .map(([status, number]) => `${number} ${number === 1 ? 'is' : 'are'} ${status}`)
        .join(
          ', ',
        )}.${added.length > 0 && ` ${added.length} layers come from none of the original's: ${added.join(', ')}.`}
    </p>
    ${table(
      'Figures',
      [
        { name: 'figure' },
        { name: 'before', numeric: true },
        { name: 'after', numeric: true },
        { name: 'ratio', numeric: true },
      ],
      [
        ...row('layers', original.layers, small.layers),
        ...row('MACs', original.macs, small.macs),
        ...row('parameters', original.params, small.params),
        ...row('ms of all kernels', original.ms, small.ms, (ms) => ms.toFixed(3)),
      ],
    )}`;
}

function panes({ layers: all }: ModelDiff, { before, after }: GraphDiff): Html {
  const pane = (title: string, picture: Html) =>
    markup`<div>
      <h3>${title}</h3>
      <div class="pane" tabindex="0" role="region" aria-label="${title}">${picture}</div>
    </div>`;
  return markup`<p>
      A node shows its name on hover; a click on a layer shows what was made of it. Drag to move; zoom by the buttons,
      by + − 0, or by the wheel with Ctrl.
    </p>
    <ul class="key">
      ${Object.entries(words).map(([status, text]) => markup`<li class="${status}">${text}</li>`)}
    </ul>
    <div class="tools">
      <label
        >Layer
        <select id="layer">
          ${all.map(({ name, status }) => markup`<option value="${name}">${name}${status !== 'unchanged' && ` (${status})`}</option>`)}
        </select></label
      >
      <button type="button" data-zoom="1.25">Zoom in</button>
      <button type="button" data-zoom="0.8">Zoom out</button>
      <button type="button" data-zoom="0">Fit</button>
    </div>
    <div class="panes">
      ${pane('Before', graphPicture(before, `The original: ${before.nodes.length} nodes; the table of layers has the numbers`))}
      ${pane('After', graphPicture(after, `The small model: ${after.nodes.length} nodes; the table of layers has the numbers`))}
    </div>`;
}

const shape = (dims: DiffLayer['input'] | undefined): string => dims?.join('×') ?? '';
const changed = (before: string, after: string): string =>
  before === after || !after ? before : `${before} → ${after}`;

function layers({ layers: all, original }: ModelDiff): Html {
  const timed = original.ms !== undefined;
  return markup`<div class="tall">
    ${table(
      'Layers',
      [
        { name: 'layer' },
        { name: 'kind' },
        { name: 'change' },
        { name: 'input' },
        { name: 'output' },
        { name: 'MACs', numeric: true },
        { name: 'MACs after', numeric: true },
        { name: 'parameters', numeric: true },
        { name: 'parameters after', numeric: true },
        ...(timed
          ? [
              { name: 'ms', numeric: true },
              { name: 'ms after', numeric: true },
            ]
          : []),
      ],
      all.map((row): Content[] => [
        row.name,
        row.kind,
        markup`<span class="${row.status}">${row.change}</span>`,
        changed(shape(row.input), shape(row.inputAfter)),
        changed(shape(row.output), shape(row.outputAfter)),
        count(row.macs),
        count(row.macsAfter ?? 0),
        count(row.params),
        count(row.paramsAfter ?? 0),
        ...(timed ? [row.ms?.toFixed(3), row.msAfter?.toFixed(3)] : []),
      ]),
    )}
  </div>`;
}
