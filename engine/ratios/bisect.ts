/**
 * Finds the first of `count` indices for which `meets` holds, given that it then holds for all later ones; -1 if there
 * is none.
 */
export function firstMeeting(count: number, meets: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (meets(middle)) high = middle;
    else low = middle + 1;
  }
  return low < count ? low : -1;
}
