import { onceThere } from '../../client/retry-until-up';

const transport = () => Object.assign(new Error('refused'), { name: 'TransportError' });

/** Work that fails a number of times, at a server that is away for a number of looks. */
function world(failures: Error[], away: number) {
  let tries = 0;
  const done = onceThere(
    async () => {
      const failure = failures[tries++];
      if (failure) throw failure;
      return tries;
    },
    { isThere: async () => --away < 0, signal: new AbortController().signal, intervalMs: 1 },
  );
  return done;
}

it('work that fails for want of the server is done once it is there', async () => {
  expect(await world([transport(), transport(), transport(), transport(), transport()], 4)).toBe(6);
  const grpc = Object.assign(new Error('UNAVAILABLE'), { code: 14, details: '', metadata: {} });
  expect(await world([grpc], 0)).toBe(2);
});

it('work that the server refuses, or that fails although it is there, is not tried for ever', async () => {
  await expect(world([new Error('no such thing')], 9)).rejects.toThrow('no such thing');
  await expect(world(Array.from({ length: 9 }, transport), 0)).rejects.toThrow('refused');
  const denied = Object.assign(new Error('denied'), { code: 7, details: '', metadata: {} });
  await expect(world([denied], 9)).rejects.toThrow('denied');
});

it('waiting ends with the signal', async () => {
  const aborted = AbortSignal.abort();
  const waiting = onceThere(() => Promise.reject(transport()), {
    isThere: async () => false,
    signal: aborted,
  });
  await expect(waiting).rejects.toThrow('refused');
});
