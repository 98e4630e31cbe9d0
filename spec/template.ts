/** What `slimflow init` writes: a spec with every default visible and explained. */
export const specTemplate = `# A Slimflow compression job. Paths are relative to this file; lines that start with "#" show an option left out.

model: model.onnx                 # the trained network

data:                             # NumPy files: images [N, C, H, W] of float32 or uint8, labels [N] of integers
  train: &data                    # for fine-tuning and weight reconstruction
    images: images.npy
    labels: labels.npy
    range: [0, 7000]              # first row, row after the last; all rows when left out
    normalize:                    # pixels become (pixel * scale - mean[channel]) / std[channel]
      scale: 0.00392156862745098  # 1/255
      mean: [0.5]
      std: [0.5]
  evaluate:                       # for every decision of the run
    <<: *data
    range: [7000, 8000]
  test:                           # seen once, by the original and the selected model
    <<: *data
    range: [8000, 10000]

metric: top1                      # in points, 0..100; higher is better
target: 0.5                       # C: MACs of the final model / MACs of the original, above 0 and below 1
tolerance: 1                      # X: points of the metric that the final model may lose

techniques: [spatial-svd, channel-pruning]  # one of them alone works too
# ssvdTargets: [0.5, 0.65, 0.75]  # Cssvd; when left out, C, C + 0.3 (1 - C) and C + 0.5 (1 - C)
candidates: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]  # ratios of a layer's cost that get an eval score
scoring:
  samples: 500                    # images of the evaluation split that an eval score is computed on
pick:
  maxPicks: 2                     # spatial-SVD models that go on to channel pruning
  # budget: 0.5                   # points they may have lost; when left out, max(X - 5, min(X / 2, 2))
revisit:
  maxRevisits: 2                  # times the Cssvd targets are moved when none, or all, fit well
ccpFactors: [0.95, 1, 1.05]       # Ccp = factor * C / ratio of the picked model
select:
  closeness: 0.02                 # how far above C the final MAC ratio may lie

fineTune:
  epochs: 2
  learningRate: 0.002             # peak of the schedule; 0.01 where the model still has BatchNormalization
  batch: 64
  optimizer: sgd
  momentum: 0.9
  weightDecay: 0.0005
  schedule: one-cycle             # or constant
  seed: 0
reconstruction:                   # least-squares refit of the weights after channel pruning
  samples: 500                    # training images it sees
  patches: 10                     # patches of each
  seed: 0
latency:
  runs: 50                        # timed runs of each model, a batch of one

ignore: []                        # layers, by name, that stay as they are ("slimflow inspect" lists them)
outDir: out                       # where model.onnx and result.json are written
`;
