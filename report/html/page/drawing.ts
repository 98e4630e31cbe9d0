import { type EChartsOption, init } from 'echarts';

import { visible } from '../../../engine/visible';
import { escaped, Html } from './html';
import { themes } from './style';

/** A picture: its drawing for a width in CSS pixels, and the text that a hover shows. */
export interface Picture {
  /** A sentence for people who can't see it. */
  readonly label: string;
  readonly height: number;
  readonly option: EChartsOption;
  /** The text for the item of a series; undefined if it has none. */
  readonly tip?: (series: number, item: number) => string | undefined;
}

/** Widths in CSS pixels that pictures are drawn for: wide screens, and narrow ones. */
export const widths = { wide: 920, narrow: 350 } as const;
/** Name of a width. */
export type Width = keyof typeof widths;

/** Colours of pictures, set for light and dark by the page's style sheet. */
export const colour = {
  ink: 'var(--ink)',
  soft: 'var(--soft)',
  line: 'var(--line)',
  paper: 'var(--paper)',
  accent: 'var(--accent)',
  picked: 'var(--picked)',
  other: 'var(--other)',
  band: 'var(--band)',
  bad: 'var(--bad)',
  series: (at: number): string => `var(--s${at % 6})`,
} as const;

/** Options that all pictures share: no animation, the page's font and colours. */
export const base = (width: Width): EChartsOption => ({
  animation: false,
  textStyle: { fontFamily: 'inherit', fontSize: 12, color: colour.ink },
  grid: { left: 12, right: width === 'wide' ? 24 : 14, top: 34, bottom: 36, containLabel: true },
});

/** Options that all axes share. */
export const axis = {
  axisLabel: { color: colour.ink, hideOverlap: true },
  axisLine: { show: true, lineStyle: { color: colour.soft } },
  axisTick: { lineStyle: { color: colour.soft } },
  splitLine: { lineStyle: { color: colour.line } },
  nameTextStyle: { color: colour.ink },
} as const;

/** Width of a character of a label in CSS pixels, about. */
const characterWidth = 6.5;

/** Shows a name as a label at most `room` CSS pixels wide: of a long one the end, which tells it from others. */
export function labelOf(name: string, room: number): string {
  const text = visible(name);
  const most = Math.floor(room / characterWidth);
  return text.length <= most ? text : `…${text.slice(text.length - most + 1)}`;
}

/**
 * Returns the room in CSS pixels that labels left of an axis may need beyond what the library reckons: it does not know
 * the reader's font.
 */
export const slack = (labels: readonly string[]): number =>
  12 + 0.2 * characterWidth * Math.max(0, ...labels.map(({ length }) => length));

/**
 * Draws a picture as SVG, once for wide and once for narrow screens.
 * @param name unique in the page
 */
export const draw = (name: string, picture: (width: Width) => Picture): Html =>
  new Html(
    (['wide', 'narrow'] as const)
      .map((width) => `<div class="picture ${width}">${svgOf(name, picture(width), width)}</div>`)
      .join(''),
  );

const svgOf = (name: string, picture: Picture, width: Width): string =>
  tidied(rendered(picture, width), `${name}-${width}`, picture.label, picture.tip);

/** Draws a picture for wide screens as an SVG file that needs no page: in colours of its own, on a background. */
export function svgFile({ label, height, option }: Picture, theme: keyof typeof themes): string {
  const colours: Readonly<Record<string, string>> = themes[theme];
  const svg = tidied(rendered({ label, height, option }, 'wide'), 'picture', label, undefined)
    .replace(/var\(--(\w+)\)/g, (_, name: string) => colours[name])
    .replaceAll('font-family:inherit', 'font-family:sans-serif')
    .replaceAll('font-family="inherit"', 'font-family="sans-serif"');
  const size = `width="${widths.wide}" height="${height}"`;
  return svg.replace(
    /^<svg([^>]*)>/,
    (_, attributes: string) =>
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${size}${attributes}><rect ${size} fill="${colours.paper}"/>`,
  );
}

function rendered({ height, option }: Pick<Picture, 'height' | 'option' | 'label'>, width: Width): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: widths[width], height });
  try {
    chart.setOption(option);
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/**
 * Makes a drawing part of a page: it scales, its ids are its own, it has a label, and items have their texts. Its style
 * sheet, which would hold for the whole page, goes.
 */
function tidied(svg: string, name: string, label: string, tip: Picture['tip']): string {
  return svg
    .replace(/<style\b[^]*?<\/style>/g, '')
    .replace(/ class="[^"]*"/g, '')
    .replace(/\bzr\d+-/g, `${name}-`)
    .replace(
      / ecmeta_series_index="(\d+)"(?: ecmeta_data_index="(\d+)")?(?: ecmeta_ssr_type="\w+")?/g,
      (_, series: string, item: string | undefined) => {
        const text = item === undefined ? undefined : tip?.(Number(series), Number(item));
        return text === undefined ? '' : ` data-tip="${escaped(text)}"`;
      },
    )
    .replace(/ ecmeta_\w+="[^"]*"/g, '')
    .replace(/<svg[^>]*viewBox="([^"]*)"[^>]*>|<svg[^>]*>/, (whole) => {
      const size = (side: string) => new RegExp(` ${side}="([\\d.]+)"`).exec(whole)?.[1] ?? '0';
      return `<svg viewBox="0 0 ${size('width')} ${size('height')}" role="img" aria-label="${escaped(label)}">`;
    })
    .replace(/>\n+</g, '><')
    .trim();
}
