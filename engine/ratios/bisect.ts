/** The first of `count` indices for which `meets` holds, where it holds for all after it too; -1 where for none. */
export function firstMeeting(count: number, meets: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (meets(middle)) high = middle;
    else low = middle + 1;
  }
  return low < count ? low : -1;
}
