import type { TrainReport } from '../../engine/api/train-report';
import { trainReport } from '../../report/training';

const report: TrainReport = {
  settings: {
    epochs: 1,
    batch: 4,
    learningRate: 0.01,
    momentum: 0.9,
    weightDecay: 0,
    seed: 0,
    optimizer: 'sgd',
    schedule: 'constant',
    loss: 'mean-squared-error',
  },
  fromScratch: false,
  metric: 'r2',
  params: 10,
  steps: 3,
  resumedAt: 0,
  best: null,
  retries: [],
  warnings: [],
  epochs: [{ epoch: 1, loss: 0.25, learningRate: 0.01 }],
  evaluation: { before: -12.5, after: 91 },
  test: 90,
  curve: { losses: [1, 0.5, 0.25], learningRates: [0.01, 0.01, 0.01] },
};

describe('what training came to', () => {
  it('has points, and errors in the unit of the labels', () => {
    const errors = {
      before: { meanAbsoluteError: 12.345, rootMeanSquaredError: 20 },
      after: { meanAbsoluteError: 0.00123456, rootMeanSquaredError: 0.002 },
      test: { meanAbsoluteError: 0.0015, rootMeanSquaredError: 0.0025 },
    };
    const lines = trainReport({ ...report, errors }, 'out.onnx').split('\n');
    expect(lines.slice(-5)).toEqual([
      'evaluation  -12.50 → 91.00',
      'test        90.00',
      'mean absolute error  12.3 → 0.00123, test 0.0015',
      'root mean squared error  20 → 0.002, test 0.0025',
      'Written: out.onnx',
    ]);
  });

  it('has the errors of what was judged alone', () => {
    const errors = { test: { meanAbsoluteError: 1, rootMeanSquaredError: 2 } };
    const text = trainReport({ ...report, evaluation: null, errors }, 'out.onnx');
    expect(text).toContain('\nmean absolute error  test 1\nroot mean squared error  test 2\n');
    expect(trainReport(report, 'out.onnx')).not.toContain('error');
  });
});
