/**
 * Returns the results of all `tasks`, or throws the first failure, but only after all of them have ended: a workflow
 * that closed earlier would leave children and activities behind that still compute.
 *
 * @param onFailure called at the first failure, so that it can stop the rest
 */
export async function together<T>(
  tasks: readonly Promise<T>[],
  onFailure: () => void = () => undefined,
): Promise<T[]> {
  const failures: unknown[] = [];
  const settled = await Promise.all(
    tasks.map(async (task) => {
      try {
        return [await task];
      } catch (error) {
        if (failures.push(error) === 1) onFailure();
        return [];
      }
    }),
  );
  if (failures.length) throw failures[0];
  return settled.flat(1);
}

/** As together, for two tasks that come to different things. */
export async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await together<unknown>([first, second]);
  return [await first, await second];
}
