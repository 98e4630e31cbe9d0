import { existsSync } from 'node:fs';

import { z } from 'zod';

import type { LayerScores } from '../engine/jobs/types';
import { techniques } from '../engine/names';
import { readRegularSync } from '../engine/regular-file';
import { writeAtomically } from '../store/files';
import { BadInput } from './exit-status';

/** Writes scores at once, since what follows may fail; a file that exists stays. */
export async function keepScores(
  file: string | undefined,
  origin: string,
  scores: readonly LayerScores[],
): Promise<void> {
  if (file && !existsSync(file)) await writeAtomically(file, JSON.stringify({ origin, scores }));
}

/** Longest scores file that is read, in bytes. */
const mostScoresBytes = 2 ** 28;

/**
 * Reads the scores that an earlier `slimflow compress` kept.
 * @param origin what they must have been computed from
 * @throws BadInput if the file is not one of scores, or they are of another origin
 */
export function readScores(file: string, origin: string): LayerScores[] {
  let found: z.output<typeof ScoresFile>;
  try {
    found = ScoresFile.parse(JSON.parse(readRegularSync(file, mostScoresBytes).toString('utf8')));
  } catch (error) {
    throw new BadInput(
      `--scores ${file} is not a scores file of \`slimflow compress\`; remove it to compute the scores again`,
      { cause: error },
    );
  }
  if (found.origin === origin) return found.scores;
  throw new BadInput(
    `--scores ${file} was computed for another model, technique or options; remove it to compute the scores again, or give another file`,
  );
}

const Scores = z.object({
  layer: z.string(),
  technique: z.enum(techniques),
  scores: z.array(
    z.object({
      ratio: z.number(),
      units: z.number(),
      score: z.number(),
      error: z.number(),
    }),
  ),
}) satisfies z.ZodType<LayerScores>;

const ScoresFile = z.object({ origin: z.string(), scores: z.array(Scores) });
