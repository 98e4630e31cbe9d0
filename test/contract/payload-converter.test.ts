import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';

import { payloadConverter, payloadLimit } from '../../contract/payload-converter';

const text = (length: number) => 'x'.repeat(length);
const refusalOf = (value: unknown): ApplicationFailure => {
  try {
    payloadConverter.toPayload(value);
  } catch (error) {
    return error as ApplicationFailure;
  }
  throw new Error('it was taken');
};

describe('the payload converter', () => {
  it('writes and reads what fits as Temporal does', () => {
    const value = { layers: ['c1'], nothing: null };
    const payload = payloadConverter.toPayload(value);
    expect(payload).toEqual(defaultPayloadConverter.toPayload(value));
    expect(payloadConverter.fromPayload(payload)).toEqual(value);
    const most = text(payloadLimit - 2); // and two quotation marks
    expect(payloadConverter.fromPayload(payloadConverter.toPayload(most))).toBe(most);
  });

  it('refuses what is larger, for good, and names the field', () => {
    const failure = refusalOf({
      small: text(1000),
      settings: { ignore: ['a', 'b'], names: [text(2 ** 19)] },
    });
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({
      type: 'PayloadTooLarge',
      nonRetryable: true,
      message:
        'a message of 514 kB is over the 256 kB that Temporal takes well; its field settings.names.0 holds 513 kB',
    });
  });

  it('tells the length of a list whose items are all small', () => {
    expect(refusalOf({ layers: Array<string>(50_000).fill('layer') }).message).toMatch(
      /its field layers holds 50000 items, \d+ kB$/,
    );
    expect(refusalOf(Array<string>(50_000).fill('layer')).message).toMatch(/the whole holds 50000 items/);
  });
});
