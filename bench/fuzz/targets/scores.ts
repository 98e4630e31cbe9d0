import { BadInput } from '../../../cli/exit-status';
import { readScores } from '../../../cli/scores-file';
import { mutateJsonFile } from '../mutators/text';
import { commonSeeds } from '../seeds';
import type { Room, Target } from '../target';

const origin = 'origin';
const scores = [0.25, 0.5].map((ratio) => ({ ratio, units: 4, score: 97.5, error: 0.01 }));
const file = { origin, scores: [{ layer: 'conv1', technique: 'spatial-svd', scores }] };

/** The file of `slimflow compress --scores`. */
export const scoresFile: Target = {
  name: 'scores',
  extension: '.json',
  seeds: () => [Buffer.from(JSON.stringify(file)), ...commonSeeds('scores', '.none')],
  mutate: mutateJsonFile,
  run: ({ file: path }: Room) => `read ${Math.min(readScores(path, origin).length, 3)} layers`,
  isRefusal: (error) => error instanceof BadInput,
};
