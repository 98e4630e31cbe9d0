import { proxyActivities } from '@temporalio/workflow';

/** The activities of the worked example; models are their names. */
export const modelActivities = {
  compress: async (model: string) => `${model}, compressed`,
  fineTune: async (model: string) => `${model}, fine-tuned`,
  evaluate: async (model: string) => model.length,
};

export const { compress, fineTune, evaluate } = proxyActivities<typeof modelActivities>({
  startToCloseTimeout: '1 minute',
});
