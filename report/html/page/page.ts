import type { ReportData } from '../data/report-data';
import { markup, Html } from './html';
import { script } from './script';
import { frontSection } from './front-section';
import { guidebookSection } from './guidebook-section';
import { layersSection } from './layers-section';
import { provenanceSection } from './provenance-section';
import { summarySection } from './summary-section';
import { trainingSection } from './training-section';
import { style } from './style';

/**
 * Draws a report as one HTML file, which needs nothing else: no network, no other file.
 */
export function reportPage(data: ReportData): string {
  const { summary, front, steps, timeline, layers, heatMaps, training, provenance, missing } = data;
  const sections: readonly (readonly [id: string, title: string, body: Html | undefined])[] = [
    ['summary', 'Outcome', summarySection(summary)],
    ['front', 'The front', front && frontSection(front)],
    ['guidebook', 'The guidebook as it ran', guidebookSection(steps, timeline)],
    ['layers', 'Layers', layers || heatMaps.length ? layersSection(layers, heatMaps) : undefined],
    ['training', 'Training', training && trainingSection(training)],
    ['provenance', 'Provenance', provenanceSection(provenance, missing)],
  ];
  const shown = sections.filter(([, , body]) => body);
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
        />
        <title>${summary.title}: Slimflow report</title>
        <style>
          ${new Html(style)}
        </style>
      </head>
      <body>
        <header><h1>${summary.title}</h1></header>
        <nav aria-label="Sections">
          <ul>
            ${shown.map(([id, title]) => markup`<li><a href="#${id}">${title}</a></li>`)}
          </ul>
        </nav>
        <main>
          ${shown.map(
            ([id, title, body]) =>
              markup`<section id="${id}" aria-labelledby="${id}-title">
                <h2 id="${id}-title">${title}</h2>
                ${body}
              </section> `,
          )}
        </main>
        <div class="tip" hidden aria-hidden="true"></div>
        <script>
          ${new Html(script)};
        </script>
      </body>
    </html> `;
  return page.text;
}
