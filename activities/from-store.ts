/** Contexts of activities whose result was in the store: nothing was computed. */
const known = new WeakSet<object>();

/** Notes that an activity's result was in the store. @param context the activity's */
export const noteKnown = (context: object): void => void known.add(context);

/** Tells if an activity's result was in the store. @param context the activity's */
export const wasKnown = (context: object): boolean => known.has(context);
