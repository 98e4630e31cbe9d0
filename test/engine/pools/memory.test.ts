import { statSync } from 'node:fs';

import { estimatedBytes, Gate, leastBytes, memoryBudget, residentBytes } from '../../../engine/pools/memory';
import { processError } from '../../../engine/pools/process-error';
import { digitsModel } from '../../support/paths';

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('Gate', () => {
  it('admits in order while there is room', async () => {
    const gate = new Gate(10, 'memory');
    const in_: string[] = [];
    const enter = async (name: string, bytes: number) => {
      const leave = await gate.enter(bytes);
      in_.push(name);
      return leave;
    };
    const leave = await enter('a', 6);
    const others = [enter('b', 5), enter('c', 4)];
    await settled();
    expect([in_, gate.isFull]).toEqual([['a'], true]); // c would fit, but b came first
    leave();
    await Promise.all(others);
    expect([in_, gate.isFull]).toEqual([['a', 'b', 'c'], false]);
  });

  it('takes what does not fit alone', async () => {
    const gate = new Gate(10, 'memory');
    const leave = await gate.enter(1);
    const large = gate.enter(100);
    await settled();
    expect(gate.isFull).toBe(true);
    leave();
    (await large)();
    expect(gate.isFull).toBe(false);
  });

  it('lets go of who is stopped while waiting', async () => {
    const gate = new Gate(10, 'memory');
    await gate.enter(10);
    const stop = new AbortController();
    const waiting = gate.enter(1, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'Cancelled' });
    expect(gate.isFull).toBe(false);
  });
});

it('a job is estimated by the size of its models, by what it does with them', () => {
  const small = estimatedBytes('analyze', { model: digitsModel() });
  const training = estimatedBytes('fineTune', { model: digitsModel() } as never);
  expect(small).toBeGreaterThan(2 ** 28);
  expect(training).toBeGreaterThan(small);
  expect(estimatedBytes('analyze', { model: 'none.onnx' })).toBe(2 ** 28);
  const { size } = statSync(digitsModel());
  expect(leastBytes('fineTune', { model: digitsModel() } as never)).toBe(size);
  expect(leastBytes('latency', { models: [digitsModel(), digitsModel()] } as never)).toBe(2 * size);
});

it('memory is known', () => {
  expect(memoryBudget()).toBeGreaterThan(2 ** 27);
  if (process.platform === 'linux') expect(residentBytes(process.pid)).toBeGreaterThan(2 ** 24);
  expect(residentBytes(999_999_999)).toBeUndefined();
});

describe('how a process ended', () => {
  const ending = { code: null, signal: null, doing: 'scoreLayer of c1', note: '32/500 samples', said: '' };
  it.each([
    [
      { signal: 'SIGSEGV' },
      'Crashed',
      /^native code crashed in scoreLayer of c1 \(at 32\/500 samples\), exit signal SIGSEGV$/,
    ],
    [{ code: 3221225477 }, 'Crashed', /exit code 3221225477$/],
    [
      { signal: 'SIGABRT', said: "a\nterminate called after 'std::bad_alloc'\n" },
      'OutOfMemory',
      /bad_alloc'$/,
    ],
    [
      { code: 1, said: 'CUDA failure 2: cudaErrorMemoryAllocation\n' },
      'OutOfMemory',
      /^memory ran out in the process of scoreLayer of c1 .*cudaErrorMemoryAllocation$/,
    ],
    [{ signal: 'SIGKILL' }, 'OutOfMemory', /^the system killed the process of scoreLayer of c1/],
  ] as const)('%o is told as %s', (how, problem, message) => {
    const error = processError({ ...ending, ...how });
    expect(error.problem).toBe(problem);
    expect(error.message).toMatch(message);
  });
});
