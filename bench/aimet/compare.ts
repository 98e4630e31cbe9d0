import type { LayerScores } from '../../engine/jobs/types';
import type { OurLayer } from './ours';
import type { PeerLayer, PeerPlan, PeerReport } from './peer';

/** Agreement of two lists of cases. */
export interface Agreement {
  readonly cases: number;
  readonly equal: number;
  /** The cases that differ, for the reader. */
  readonly different: readonly string[];
}

const agreement = (cases: readonly { what: string; ours: string; theirs: string }[]): Agreement => {
  const different = cases.filter(({ ours, theirs }) => ours !== theirs);
  return {
    cases: cases.length,
    equal: cases.length - different.length,
    different: different.map(({ what, ours, theirs }) => `${what}: ours ${ours}, AIMET's ${theirs}`),
  };
};

/**
 * MACs of a layer split at `rank`, as they are in the graph: of spatial SVD, the first convolution has no stride along
 * the width, so it computes every input column; of weight SVD, the first one runs at every input position.
 */
export function pairMacs({ dims, input, output }: OurLayer, technique: string, rank: number): number {
  const [filters, channels, height = 1, width = 1] = dims;
  const [, inHeight = 1, inWidth = 1] = input;
  const [, outHeight = 1, outWidth = 1] = output;
  return technique === 'spatial-svd'
    ? rank * outHeight * (channels * height * inWidth + filters * width * outWidth)
    : rank * (channels * inHeight * inWidth + filters * height * width * outHeight * outWidth);
}

type Pairing = readonly { readonly ours: OurLayer; readonly theirs: PeerLayer }[];

/** The layers that both sides have, by PyTorch's name. */
export const paired = (ours: readonly OurLayer[], { layers }: PeerReport): Pairing =>
  ours.flatMap((layer) => {
    const theirs = layers.find(({ name }) => name === layer.torch);
    return theirs ? [{ ours: layer, theirs }] : [];
  });

/** MACs of each layer before compression. */
export const compareLayerMacs = (pairs: Pairing): Agreement =>
  agreement(
    pairs.map(({ ours, theirs }) => ({ what: ours.torch, ours: `${ours.macs}`, theirs: `${theirs.macs}` })),
  );

/** Ranks of each layer and ratio: ours are those that scoring tried. */
export function compareRanks(
  pairs: Pairing,
  technique: 'spatial-svd' | 'weight-svd',
  scores: readonly LayerScores[],
): { ranks: Agreement; costs: Agreement } {
  const cases = scores.flatMap(({ layer, scores: row }) => {
    const pair = pairs.find(({ ours }) => ours.name === layer);
    const plan: PeerPlan | undefined = pair?.theirs[technique];
    if (!pair || !plan) return [];
    return row.map(({ ratio, units }, at) => ({
      what: `${pair.ours.torch} at ${ratio}`,
      rank: { ours: `${units}`, theirs: `${plan.ranks[at]}` },
      cost: { ours: `${pairMacs(pair.ours, technique, units)}`, theirs: `${plan.costs[at]}` },
    }));
  });
  return {
    ranks: agreement(cases.map(({ what, rank }) => ({ what, ...rank }))),
    costs: agreement(cases.map(({ what, cost }) => ({ what, ...cost }))),
  };
}

/** Kept channels of each layer that both prune, at each ratio. */
export const compareKept = (
  pairs: Pairing,
  ratios: readonly number[],
  kept: (layer: OurLayer, ratio: number) => readonly number[],
): Agreement =>
  agreement(
    pairs.flatMap(({ ours, theirs }) =>
      (theirs.kept ?? []).map((channels, at) => ({
        what: `${ours.torch} at ${ratios[at]}`,
        ours: kept(ours, ratios[at]).join(' '),
        theirs: channels.join(' '),
      })),
    ),
  );

/** Absolute differences of the eval scores, in points. */
export interface ScoreDistance {
  readonly layers: number;
  readonly cases: number;
  readonly largest: number;
  readonly mean: number;
  /** The layer and ratio of the largest one. */
  readonly at: string;
}

/** The two eval-score dictionaries, over the layers that both have. */
export function compareScores(
  pairs: Pairing,
  { scores, ratios }: PeerReport,
  technique: string,
  ours: readonly LayerScores[],
): ScoreDistance {
  const cases = ours.flatMap(({ layer, scores: row }) => {
    const torch = pairs.find((pair) => pair.ours.name === layer)?.ours.torch ?? '';
    const theirs = scores[technique]?.[torch];
    return theirs
      ? row.map(({ score }, at) => ({ at: `${torch} at ${ratios[at]}`, gap: Math.abs(score - theirs[at]) }))
      : [];
  });
  const worst = cases.reduce((a, b) => (b.gap > a.gap ? b : a), { at: '', gap: 0 });
  return {
    layers: cases.length / ratios.length,
    cases: cases.length,
    largest: worst.gap,
    mean: cases.reduce((sum, { gap }) => sum + gap, 0) / (cases.length || 1),
    at: worst.at,
  };
}
