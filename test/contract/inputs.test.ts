import { defaultPayloadConverter } from '@temporalio/common';

import { checkInput, isScoringProgress, textOf } from '../../contract/inputs';
import { CompressionSettings } from '../../run-spec/spec';
import { fakeInput } from '../support/fake-activities';
import { example, read, recorded } from '../support/histories/files';
import { HostileJson } from '../support/hostile-json';
import { candidateInput, scoringInput } from '../support/scoring';

const valid = {
  guidebook: fakeInput(),
  candidate: candidateInput(),
  scoreModel: scoringInput(3),
};
const names = Object.keys(valid) as (keyof typeof valid)[];

it.each(names)('%s takes what it is started with, and what recorded runs were started with', (name) => {
  checkInput(name, valid[name]);
  let count = 0;
  for (const version of recorded().filter((of) => of !== example))
    for (const { history } of read(version)) {
      const started = history.events?.[0].workflowExecutionStartedEventAttributes;
      if (started?.workflowType?.name !== name) continue;
      checkInput(name, defaultPayloadConverter.fromPayload(started.input!.payloads![0]));
      count++;
    }
  expect(count).toBeGreaterThan(0);
});

it('takes the metric of a detector, whose settings its activities check', () => {
  const { settings } = valid.guidebook;
  const metric = { name: 'coco-map', decoder: 'anchors', levels: [{ stride: 8, sizes: [[8, 8]] }] };
  expect(() =>
    checkInput('guidebook', { ...valid.guidebook, settings: { ...settings, metric } }),
  ).not.toThrow();
});

it.each<[keyof typeof valid, unknown, RegExp]>([
  ['guidebook', undefined, /^guidebook's input must be one object with the fields name, model, data/],
  ['guidebook', null, /^guidebook's input must be one object/],
  ['guidebook', {}, /^guidebook: name must be text/],
  ['guidebook', { ...valid.guidebook, settings: null }, /^guidebook: settings must be one object/],
  [
    'guidebook',
    { ...valid.guidebook, settings: { ...valid.guidebook.settings, candidates: null } },
    /^guidebook: settings.candidates must be a list of 1 or more/,
  ],
  [
    'guidebook',
    { ...valid.guidebook, settings: { ...valid.guidebook.settings, candidates: [0.5, '1'] } },
    /^guidebook: settings.candidates\[1\] must be a number above 0 and below 1/,
  ],
  [
    'guidebook',
    {
      ...valid.guidebook,
      settings: { ...valid.guidebook.settings, metric: { name: 'coco-map', decoder: 'x' } },
    },
    /^guidebook: settings.metric.decoder must be one of yolov8, /,
  ],
  ['guidebook', { ...valid.guidebook, more: 1 }, /^guidebook: more must be left out: there is no such field/],
  ['guidebook', { ...valid.guidebook, '\u001b[2J': 1 }, /^guidebook: \\u001b\[2J must be left out/],
  ['guidebook', JSON.parse('{"__proto__": {"name": "x"}}'), /^guidebook: __proto__ must be left out/],
  ['candidate', { ...valid.candidate, plan: {} }, /^candidate: plan.id must be text/],
  ['candidate', { ...valid.candidate, scores: { sha256: 5 } }, /^candidate: scores.uri must be text/],
  ['scoreModel', { ...valid.scoreModel, total: -1 }, /^scoreModel: total must be a whole number/],
  [
    'scoreModel',
    { ...valid.scoreModel, parts: { ...valid.scoreModel.parts, sha256: '../x' } },
    /^scoreModel: parts.sha256 must be a SHA-256/,
  ],
])('%s refuses wrong input with the name of the field (%#)', (name, input, message) => {
  let error: unknown;
  try {
    checkInput(name, input);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({
    type: 'InvalidRequest',
    nonRetryable: true,
    message: expect.stringMatching(message) as string,
  });
});

it('settings that a spec may have are taken, and what is taken breaks no rule that a workflow depends on', () => {
  const json = new HostileJson(11);
  const full = CompressionSettings.parse({
    target: 0.5,
    tolerance: 1,
    ssvdTargets: [0.6],
    pick: { budget: 1 },
    review: { timeout: '3d' },
    inputSize: { x: [1, 3, 8, 8] },
    selection: { ratios: { c: 0.5 }, channels: { c: [1] } },
    fineTune: {
      epochs: 1,
      earlyStopping: { patience: 1 },
      keepBest: true,
      distillation: { weight: 0.5 },
      augment: { flip: true },
      milestones: [0.5],
      perLayer: { epochs: 0.5 },
    },
  });
  let [taken, refused] = [0, 0];
  for (let time = 0; time < 3000; time++) {
    const settings = json.mutated(full, [full]);
    const { success, data } = CompressionSettings.safeParse(settings);
    if (success) {
      checkInput('guidebook', { ...valid.guidebook, settings: JSON.parse(JSON.stringify(data)) as unknown });
      taken++;
    } else
      try {
        checkInput('guidebook', { ...valid.guidebook, settings });
      } catch {
        refused++;
      }
  }
  expect(taken).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(1000);
});

it('random input is refused with a sentence, whatever it is', () => {
  const json = new HostileJson(12);
  for (let time = 0; time < 3000; time++) {
    const name = json.pick(names);
    const input = json.pick([true, false]) ? json.mutated(valid[name], Object.values(valid)) : json.value();
    try {
      checkInput(name, input);
    } catch (error) {
      expect(error).toMatchObject({ type: 'InvalidRequest' });
      expect((error as Error).message).toMatch(/^\w+('s input|: \S.*) must /);
    }
  }
});

it('only the word of a scoring is one, and only text is text', () => {
  const progress = { of: 'original', technique: 'spatial-svd', done: 1, total: 2 };
  expect(isScoringProgress(progress)).toBe(true);
  for (const value of [null, undefined, {}, 5, 'x', { ...progress, done: '1' }, { ...progress, paused: 1 }])
    expect(isScoringProgress(value)).toBe(false);
  expect([textOf('abc', 2), textOf('', 2), textOf(' ', 2), textOf(5, 2), textOf(null, 2)]).toEqual([
    'ab',
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
