import type { Activities, FineTunedModel, LendTrainingRequest } from '../contract/activities';
import type { TrainingQuestion } from '../run-spec/activity-contract';
import { workKey } from '../store/digest';
import type { Workplace } from './activity-context';
import { failureOf } from './failures';
import { shared, sharedData } from './lend';
import { storeFailure } from './lost-artifacts';

/** Returns the key of a question to an activity that trains, as `questionKey` does. */
export const trainingKey = ({ model, teacher, data, by }: LendTrainingRequest): string => {
  const { activity, version, settings = {} } = by;
  return workKey('training by an activity', 'contract 1', {
    model,
    teacher,
    data,
    activity,
    version,
    settings,
  });
};

/** Activity: shares a model and the training data with an activity of the user's, unless it trained that model before. */
export const lendTraining =
  (at: Workplace): Activities['lendTraining'] =>
  async (request) => {
    try {
      const key = trainingKey(request);
      const known = await at.store.result<FineTunedModel>(key);
      if (known) return { known };
      const { model, teacher, data, by } = request;
      const question: TrainingQuestion = {
        contract: 1,
        model: await shared(at.store, model),
        teacher: await shared(at.store, teacher),
        data: await sharedData(at.store, data),
        settings: by.settings ?? {},
        out: await at.store.place(key),
      };
      return { question };
    } catch (error) {
      throw failureOf(await storeFailure(at.store, error));
    }
  };
