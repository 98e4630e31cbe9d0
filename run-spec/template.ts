/** What `slimflow init` writes: a spec with every default visible and explained. */
export const specTemplate = `# A Slimflow compression job. Paths are relative to this file; lines that start with "#" show an option left out.

model: model.onnx                 # the trained network

data:                             # NumPy files: images [N, C, H, W] of float32 or uint8, labels [N] of integers; for numbers, or
                                  # 0 and 1 for each of many classes, labels of the shape of the model's output (docs/data.md)
  train: &data                    # for fine-tuning and weight reconstruction
    images: images.npy
    labels: labels.npy
    # unknown: 0                  # of numbers and many labels: the label that counts for nothing, or nan
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

metric: top1                      # in points, higher is better. Classes: top1, top5; of pixels: pixel-accuracy, mean-iou; many
                                  # labels: mean-average-precision, f1-micro; numbers: r2, rmse-score, mae-score
cost: macs                        # what ratios are ratios of: macs, params (elements of weights) or latency (measured ms)
target: 0.5                       # C: cost of the final model / cost of the original, above 0 and below 1
tolerance: 1                      # X: points of the metric that the final model may lose

techniques: [spatial-svd, channel-pruning]  # also weight-svd; one of them alone works too
# ssvdTargets: [0.5, 0.65, 0.75]  # Cssvd; when left out, C, C + 0.3 (1 - C) and C + 0.5 (1 - C)
candidates: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]  # ratios of a layer's cost that get an eval score
scoring:
  samples: 500                    # images of the evaluation split that an eval score is computed on
  score: metric                   # or fidelity: how near the outputs stay to the original's, which needs no labels
selection:
  mode: optimal                   # least output error for the cost; greedy (AIMET's), tar (accuracy per cost), manual
  monotonic: false                # make eval scores rise with the ratio first
  ratios: {}                      # by hand, a layer's name: its ratio, which is held
  channels: {}                    # by hand, a layer's name: [input channels to remove]
multiplicity: 1                   # ranks and channels are multiples of this; 8 or 16 suits processors
minimum: 1                        # least rank and fewest channels that a layer is left with
pruning:
  coupled: true                   # prune channels tied by skips, concats and the like together; false: as AIMET does
  importance: l2                  # by what channels are ranked: l1, l2, taylor
pick:
  maxPicks: 2                     # spatial-SVD models that go on to channel pruning
  # budget: 0.5                   # points they may have lost; when left out, max(X - 5, min(X / 2, 2))
revisit:
  maxRevisits: 2                  # times the Cssvd targets are moved when none, or all, fit well
ccpFactors: [0.95, 1, 1.05]       # Ccp = factor * C / ratio of the picked model
select:
  closeness: 0.02                 # how far above C the final MAC ratio may lie
review:                           # a person approves before the run goes on ("slimflow approve")
  afterPick: false                # the picks, before they are pruned
  afterSelect: false              # the selected model, before it is taken
  # timeout: 3d                   # wait so long (s, m, h, d or w); when left out, for as long as it takes
  onTimeout: continue             # then take what is proposed; or stop, with nothing selected

fineTune:
  epochs: 2
  learningRate: 0.002             # peak of the schedule. 0.02 with batchNorm: restore, or where BatchNorm was left in
  batch: 64
  optimizer: sgd                  # or adamw
  momentum: 0.9                   # of adamw beta 1
  # nesterov: true                # of sgd
  # beta2: 0.999                  # of adamw
  # epsilon: 1.0e-8               # of adamw
  weightDecay: 0.0005
  # decay: all                    # when left out, weights: no biases, scales and shifts
  # clip: 1                       # largest global norm of a gradient
  # ema: 0.999                    # decay of an average of the weights, which the result takes
  schedule: one-cycle             # or constant, step, cosine
  # warmUp: 0.05                  # share of the steps in which the rate rises first; one-cycle rises by itself
  # milestones: [0.5, 0.75]       # of step: shares of the training
  # gamma: 0.1                    # of step: what the rate is multiplied with at each
  # floor: 0.01                   # of cosine: the share of the rate where it ends
  # loss: cross-entropy           # when left out, what suits the metric: also mean-squared-error, binary-cross-entropy
  # labelSmoothing: 0.1
  # ignoreLabel: 255              # a label that counts for nothing
  # distillation: { weight: 0.5, temperature: 4 } # learn from the original model; weight 1 needs no labels
  # batchNorm: restore            # put it back for the training where the exporter folded it; or frozen
  seed: 0
  # augment: { flip: true, crop: 4 }  # vary the images: also fill, brightness, contrast, cutout, fixedLabels
  # microBatch: 16                # images computed at once, their gradients accumulated, where memory is short
  # precision: auto               # float16 where it is enough, on CUDA; mixed: on any device
  # stepsPerCall: 16              # steps that ONNX Runtime is given at once; by default so on CUDA, else 1
  # earlyStopping: { patience: 2 }  # end after so many epochs without a better metric on the evaluation split
  # keepBest: true                # keep the epoch that was best there, rather than the last
  perLayer:                       # fine-tuning behind each compressed layer, before the next is compressed
    epochs: 0                     # 0: all layers at once; may be a fraction: a quarter of the samples for 0.25
reconstruction:                   # least-squares refit of the weights after channel pruning
  samples: 500                    # training images it sees
  patches: 10                     # patches of each
  seed: 0
latency:
  runs: 50                        # timed runs of each model, a batch of one

ignore: []                        # layers, by name, that stay as they are ("slimflow inspect" lists them)
# inputSize: [1, 3, 224, 224]     # sizes of the input where the model leaves them open
compute:
  provider: auto                  # execution provider of ONNX Runtime: cpu, cuda or webgpu; auto takes CUDA if it is there
  linearAlgebra: auto             # cusolver, lapack or ml-matrix; "slimflow doctor" tells what is there
  queues: shared                  # by-need: work for cpu and cuda each goes to workers of its own (docs/workers.md)
outDir: out                       # where model.onnx and result.json are written
`;
