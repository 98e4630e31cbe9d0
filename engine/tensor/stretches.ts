/** Joins neighbouring positions into half-open runs, in order: [3, 4, 5, 9] becomes [[3, 6], [9, 10]]. */
export function runsOf(positions: readonly number[]): (readonly [from: number, to: number])[] {
  const runs: (readonly [number, number])[] = [];
  let from = 0;
  for (let at = 1; at <= positions.length; at++) {
    if (at < positions.length && positions[at] === positions[at - 1] + 1) continue;
    runs.push([positions[from], positions[at - 1] + 1]);
    from = at;
  }
  return runs;
}
