/** An axis, or an index, counted from the end as one counted from the start; one that is not there stays not there. */
export const wrap = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
