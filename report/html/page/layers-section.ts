import type { HeatMap, Layers } from '../data/layers';
import { draw } from './drawing';
import { count, metricPoints, percent } from './figures';
import { markup, type Html } from './html';
import { drawnLayers, layersPicture } from './layers-picture';
import { heatSteps } from './style';
import { numbersOf, table } from './table';

/** Layers before and after, and eval scores. */
export function layersSection(layers: Layers | undefined, heatMaps: readonly HeatMap[]): Html {
  return markup`${layers && layersBeforeAndAfter(layers)}
  ${
    heatMaps.length > 0 &&
    markup`<h3>Eval scores</h3>
      <p>
        The model's score in points if only this layer is compressed to this ratio; the rank or number of
        channels that it stands for shows on hover.
      </p>
      ${heatMaps.map(heatMap)}`
  }`;
}

function layersBeforeAndAfter(layers: Layers): Html {
  const { rows, compared } = layers;
  return markup`${rows.length > drawnLayers && markup`<p>The ${drawnLayers} layers of ${rows.length} with the most MACs are drawn; the table has all.</p>`}
  ${draw('layers', (width) => layersPicture(layers, width))}
  ${numbersOf(
    'The layers',
    rows.length,
    markup`<div class="tall">
      ${table(
        'The layers',
        [
          { name: 'layer' },
          { name: 'kind' },
          { name: 'MACs', numeric: true },
          { name: 'share', numeric: true },
          { name: 'parameters', numeric: true },
          ...(compared
            ? [
                { name: 'MACs after', numeric: true },
                { name: 'share after', numeric: true },
                { name: 'parameters after', numeric: true },
                { name: 'change' },
              ]
            : []),
        ],
        rows.map(({ name, kind, macs, share, params, macsAfter, shareAfter, paramsAfter, change }) => [
          name,
          kind,
          count(macs),
          percent(share),
          count(params),
          ...(compared ? [count(macsAfter ?? 0), percent(shareAfter), count(paramsAfter ?? 0), change] : []),
        ]),
      )}
    </div>`,
  )}`;
}

function heatMap({ title, ratios, rows, least, most, units }: HeatMap): Html {
  const step = (score: number) =>
    most > least ? Math.min(heatSteps - 1, Math.floor((heatSteps * (score - least)) / (most - least))) : 0;
  return markup`<details open>
    <summary>
      ${title}: ${rows.length} ${rows.length === 1 ? 'layer' : 'layers'}, scores from ${metricPoints(least)}
      to ${metricPoints(most)}
    </summary>
    <div class="scroll tall" tabindex="0" role="region" aria-label="Eval scores of ${title}">
      <table class="heat">
        <thead>
          <tr>
            <th scope="col">layer</th>
            ${ratios.map((ratio) => markup`<th scope="col" class="n">${ratio}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ layer, scores }) =>
              markup`<tr>
                <th scope="row">${layer}</th>
                ${scores.map((score) =>
                  score
                    ? markup`<td
                        class="h${step(score.score)}"
                        data-tip="${units} ${score.units}, error ${Number(score.error.toPrecision(2))}"
                      >
                        ${metricPoints(score.score)}
                      </td>`
                    : markup`<td></td>`,
                )}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}
