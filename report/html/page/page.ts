import type { ReportData } from '../data/report-data';
import { markup, Html } from './html';
import { script } from './script';
import { frontSection } from './front-section';
import { guidebookSection } from './guidebook-section';
import { layersSection } from './layers-section';
import { predictionsSection } from './predictions-section';
import { provenanceSection } from './provenance-section';
import { summarySection } from './summary-section';
import { trainingSection } from './training-section';
import { style } from './style';

/** A part of a page, and its place in the list of contents. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

/** Draws the sections of a report, without those that have nothing to show. */
export function sectionsOf(data: ReportData): Section[] {
  const { summary, front, steps, timeline, layers, heatMaps, training, predictions, provenance, missing } =
    data;
  const sections: readonly (readonly [id: string, title: string, body: Html | undefined])[] = [
    ['summary', 'Outcome', summarySection(summary)],
    ['front', 'The front', front && frontSection(front)],
    ['guidebook', 'The guidebook as it ran', guidebookSection(steps, timeline)],
    ['layers', 'Layers', layers || heatMaps.length ? layersSection(layers, heatMaps) : undefined],
    ['training', 'Training', training && trainingSection(training)],
    ['predictions', 'Predictions', predictions && predictionsSection(predictions)],
    ['provenance', 'Provenance', provenanceSection(provenance, missing)],
  ];
  return sections.flatMap(([id, title, body]) => (body ? [{ id, title, body }] : []));
}

/** A page: what is around its sections. */
export interface PageFrame {
  readonly title: string;
  /** Content-Security-Policy; a page that is served has it in a header too. */
  readonly policy: string;
  /** Source of the script. */
  readonly script: string;
  /** Style sheet beside that of all reports. */
  readonly style?: string;
  /** Attributes of the script's element. */
  readonly scriptAttributes?: Html;
  /** Shown before the list of contents. */
  readonly header: Html;
}

/** Draws a list of links to sections. */
export const contents = (sections: readonly Section[]): Html =>
  markup`<ul>
    ${sections.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>`)}
  </ul>`;

/** Draws a section with its heading. */
export const sectionOf = ({ id, title, body }: Section): Html =>
  markup`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${body}
  </section> `;

/** Draws a whole page of sections. */
export const pageOf = (
  { title, policy, script: code, style: more = '', scriptAttributes, header }: PageFrame,
  sections: readonly Section[],
): string =>
  markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <title>${title}</title>
        <style>
          ${new Html(style + more)}
        </style>
      </head>
      <body>
        <header>${header}</header>
        <nav aria-label="Sections">${contents(sections)}</nav>
        <main>${sections.map(sectionOf)}</main>
        <div class="tip" hidden aria-hidden="true"></div>
        <script${scriptAttributes}>
          ${new Html(code)};
        </script>
      </body>
    </html> `.text;

/**
 * Draws a report as one HTML file, which needs nothing else: no network, no other file.
 */
export const reportPage = (data: ReportData): string =>
  pageOf(
    {
      title: `${data.summary.title}: Slimflow report`,
      policy: "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:",
      script,
      header: markup`<h1>${data.summary.title}</h1>`,
    },
    sectionsOf(data),
  );
