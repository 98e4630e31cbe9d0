import type { DrawnGraph, DrawnNode } from '../data/graph-diff';
import { escaped, Html } from './html';
import { labelOf } from './drawing';

/** Sizes of a node and of the gaps between nodes, in CSS pixels at a zoom of 1. */
const [width, height, gapX, gapY] = [148, 36, 64, 18] as const;
const margin = 40;
/** Farthest that an edge past other nodes leaves its column. */
const mostBulge = 58;

/** Draws a graph as SVG of fixed size: hundreds of nodes, each with what it is called by hover. */
export function graphPicture({ nodes, layout }: DrawnGraph, label: string): Html {
  const at = nodes.map((_, index) => {
    const { row, column } = layout.places[index];
    return { x: margin + column * (width + gapX), y: margin + row * (height + gapY), row, column };
  });
  const edges = nodes.flatMap(({ from }, to) =>
    from.map((one) => {
      const [a, b] = [at[one], at[to]];
      const [x1, y1, x2, y2] = [a.x + width / 2, a.y + height, b.x + width / 2, b.y];
      const rows = b.row - a.row;
      if (a.column === b.column && rows > 1) {
        // Past the nodes between them, the farther the longer it is.
        const side = a.x + width + Math.min(mostBulge, 12 + 4 * rows);
        const [from1, to2] = [a.y + height / 2, b.y + height / 2];
        return `M${a.x + width} ${from1}C${side} ${from1 + 12} ${side} ${to2 - 12} ${b.x + width} ${to2}`;
      }
      const half = Math.min((y2 - y1) / 2, 40);
      return `M${x1} ${y1}C${x1} ${y1 + half} ${x2} ${y2 - half} ${x2} ${y2}`;
    }),
  );
  const size = {
    width: 2 * margin + layout.columns * (width + gapX),
    height: 2 * margin + layout.rows * (height + gapY),
  };
  const boxes = nodes.map((node, index) => boxOf(node, at[index])).join('');
  return new Html(
    `<svg class="graph" role="img" aria-label="${escaped(label)}" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}"><path class="edges" d="${edges.join('')}"/>${boxes}</svg>`,
  );
}

function boxOf(node: DrawnNode, { x, y }: { readonly x: number; readonly y: number }): string {
  const { name, op, status, shape, layer, change } = node;
  // `16 → 8 output channels` is wider than a node.
  const second = change?.replace(/ (in|out)put channels/g, ' $1') ?? shape.join('×');
  const tip = [`${name}: ${op}`, shape.length && `[${shape.join(', ')}]`, change].filter(Boolean).join(', ');
  const text = (row: number, words: string, kind: string) =>
    words && `<text x="${width / 2}" y="${row}"${kind}>${escaped(labelOf(words, width - 10))}</text>`;
  return (
    `<g class="${status}" transform="translate(${x} ${y})" data-tip="${escaped(tip)}"${layer === undefined ? '' : ` data-layer="${escaped(layer)}"`}>` +
    `<rect width="${width}" height="${height}" rx="5"/>${text(15, op, ' class="op"')}${text(29, second, '')}</g>`
  );
}
