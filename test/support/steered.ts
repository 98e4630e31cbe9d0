import { condition, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';

/** Requests to the workflow, as they came. */
export interface Heard {
  readonly what: string;
  readonly args: unknown;
}

/**
 * A run that does nothing but hear what people ask of it, by the names that a guidebook run hears them by, until it is
 * told to finish; it refuses a tolerance of 0 and waits for picks.
 */
export async function guidebook(): Promise<{ heard: Heard[] }> {
  const heard: Heard[] = [];
  let isOver = false;
  for (const name of ['approvePicks', 'approveSelection', 'changeTargets', 'addCandidate', 'skipCandidate']) {
    setHandler(
      defineUpdate<string, [{ tolerance?: number }]>(name),
      (args) => {
        heard.push({ what: name, args });
        return `${name} was heard`;
      },
      {
        validator: ({ tolerance }) => {
          if (tolerance === 0) throw new Error('a tolerance of 0 can not be met');
        },
      },
    );
  }
  setHandler(defineUpdate<string, [unknown]>('finishEarly'), (args) => {
    heard.push({ what: 'finishEarly', args });
    isOver = true;
    return 'the best so far is taken';
  });
  for (const name of ['pause', 'resume'])
    setHandler(defineSignal<[unknown]>(name), (args) => void heard.push({ what: name, args }));
  setHandler(defineQuery('progress'), () => ({
    waiting: { for: 'picks', proposed: [] },
    candidates: [],
    scoring: [],
    notes: [],
  }));
  await condition(() => isOver);
  return { heard };
}
