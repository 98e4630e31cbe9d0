import { candidatesTable, wrap } from '../../report/candidate-table';
import { layersTable } from '../../report/layer-table';

describe('tables for a terminal', () => {
  const plan = { technique: 'spatial-svd', parent: null, round: 0, workflowId: 'w' } as const;

  it('show every candidate with its figures and the decision', () => {
    const text = candidatesTable({
      candidates: [
        {
          ...plan,
          id: 'ssvd-0.65',
          asked: 0.65,
          status: 'done',
          achieved: 0.6491,
          metricBefore: 90,
          metricAfter: 97.5,
          drop: 0.5,
          latencyMs: 1.234,
          speed: { faster: 1.94, noise: 0.1 },
          decision: 'picked',
          shortfall: 'short',
        },
        { ...plan, id: 'ssvd-0.65/cp-0.77', parent: 'ssvd-0.65', asked: 0.77, status: 'running' },
      ],
    });
    const rows = text.split('\n').map((line) => line.split('│').map((cell) => cell.trim()));
    expect(rows[2].slice(1, -1)).toEqual([
      'ssvd-0.65',
      '0.65',
      '0.649',
      '90.00 → 97.50',
      '0.50',
      '1.23 (1.94x)',
      'picked; short',
    ]);
    expect(rows[3].slice(1, 3)).toEqual(['ssvd-0.65/cp-0.77', '0.77 of ssvd-0.65']);
  });

  it('show layers and totals', () => {
    const layer = {
      kind: 'Conv',
      kernel: [3, 3],
      stride: [1, 1],
      input: [1, 8, 8],
      output: [4, 8, 8],
      params: 36,
    };
    const text = layersTable({
      inputs: [{ name: 'x', shape: ['batch', 1, 8, 8] }],
      outputs: [{ name: 'y', shape: ['batch', 10] }],
      opset: 18,
      macs: 400,
      params: 40,
      layers: [{ ...layer, name: 'c1', macs: 300, techniques: ['spatial-svd'] }],
      parts: [],
      frozen: [],
      otherWork: [],
      notes: ['a note'],
    });
    expect(text).toMatch(/c1 +│ Conv │ 3x3 +│ 1x1 +│ 1x8x8 │ 4x8x8 +│ +300 │ +36 │ +75.0 │ spatial-svd/);
    expect(text).toContain('1 layers, 400 MACs, 40 parameters; opset 18');
    expect(text).toContain('x [batch, 1, 8, 8] → y [batch, 10]');
    expect(text).toContain('note: a note');
  });

  it('wrap long texts at spaces', () => expect(wrap('aa bb cc', 5)).toBe('aa bb\ncc'));
});
