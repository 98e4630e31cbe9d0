import { fallbacks } from '../../../bench/training/fallbacks';

const [cpu, cuda] = ['CPUExecutionProvider', 'CUDAExecutionProvider'];

test('work that falls back to the CPU is told; shapes and single numbers that belong there are not', () => {
  const run = [
    { node: 'conv', op: 'Conv', provider: cuda, bytes: 1e6 },
    { node: 'size', op: 'Size', provider: cpu, bytes: 8 },
    { node: 'weights in blocks', op: 'Gather', provider: cpu, bytes: 1e5 },
  ];
  expect(fallbacks(run)).toEqual(['Gather weights in blocks']);
});
