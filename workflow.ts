/** What workflow code imports: safe in Temporal's workflow sandbox. Re-export it from your own workflows file. */
export { candidate } from './workflows/candidate';
export { pauseScoringSignal, resumeScoringSignal, scoreModel, scoringQuery } from './workflows/score-model';
export { guidebook, progressQuery } from './workflows/guidebook';
export type * from './workflows/types';
