import type { CandidatePlan } from '../../contract/run';

/**
 * Candidates in the order of the guidebook: those made of the original, then those made of each pick, best pick first.
 * Which model was scored first must not show in a result.
 */
export function inOrder<Plan extends Pick<CandidatePlan, 'parent'>>(
  plans: readonly Plan[],
  picks: readonly string[],
): Plan[] {
  const place = ({ parent }: Plan) => {
    if (parent === null) return -1;
    const at = picks.indexOf(parent);
    return at < 0 ? picks.length : at;
  };
  return [...plans].sort((a, b) => place(a) - place(b));
}
