import type { Activities, DataRef, LendRequest } from '../contract/activities';
import type { Evaluation } from '../engine/jobs/types';
import type { EvaluationQuestion, SharedData, SharedFile } from '../run-spec/activity-contract';
import type { ArtifactRef } from '../store/artifact';
import { workKey } from '../store/digest';
import type { Store } from '../store/store';
import type { Workplace } from './activity-context';
import { failureOf } from './failures';
import { storeFailure } from './lost-artifacts';

/**
 * Returns the key of a question to an activity of the user's. Where and how patiently it is asked makes no difference to
 * the answer; nor does Slimflow's own version.
 */
export const questionKey = ({ model, data, metric }: LendRequest): string => {
  const { activity, version, settings = {} } = metric;
  return workKey('evaluate by an activity', 'contract 1', { model, data, activity, version, settings });
};

/** Activity: shares the files that an activity of the user's needs, unless it answered the same question before. */
export const lend =
  (at: Workplace): Activities['lend'] =>
  async (request) => {
    try {
      const known = await at.store.result<Evaluation>(questionKey(request));
      if (known) return { known };
      const { model, data, metric } = request;
      const question: EvaluationQuestion = {
        contract: 1,
        model: await shared(at.store, model),
        data: await sharedData(at.store, data),
        settings: metric.settings ?? {},
      };
      return { question };
    } catch (error) {
      throw failureOf(await storeFailure(at.store, error));
    }
  };

/** Returns an artifact that others may read. */
export const shared = async (store: Store, ref: ArtifactRef): Promise<SharedFile> => ({
  ...(await store.share(ref)),
  sha256: ref.sha256,
  bytes: ref.bytes,
});

/** Returns a split that others may read. */
export async function sharedData(store: Store, data: DataRef): Promise<SharedData> {
  const { images, labels, inputs = {}, ...rest } = data;
  const further: Record<string, SharedFile> = {};
  for (const [name, ref] of Object.entries(inputs)) further[name] = await shared(store, ref);
  return {
    images: await shared(store, images),
    ...(labels && { labels: await shared(store, labels) }),
    ...(Object.keys(further).length && { inputs: further }),
    ...rest,
  };
}
