/** The spec that `slimflow init` writes, with every default visible and explained. */
export const specTemplate = `# A Slimflow compression job. Paths are relative to this file; lines that start with "#" show further options.

model: model.onnx                 # the trained network

data:                             # NumPy files, or folders of images and other sources with a transform (docs/your-data.md).
                                  # Images are [N, C, H, W] of float32 or uint8, labels are integers [N]; if labels are numbers, or
                                  # 0 and 1 for each of many classes, they have the shape of the model's output (docs/data.md)
  train: &data                    # for fine-tuning and weight reconstruction
    images: images.npy
    labels: labels.npy
    # transform: { resize: 256, crop: 224 }  # for images of any size; also letterbox, channels
    # classes: photos/train       # order of the classes: a folder, a file or a list
    # unknown: 0                  # for numbers and many classes: the label to ignore, or nan
    range: [0, 7000]              # first row, row after the last; all rows by default
    normalize:                    # pixels become (pixel * scale - mean[channel]) / std[channel]
      scale: 0.00392156862745098  # 1/255
      mean: [0.5]
      std: [0.5]
  evaluate:                       # for every decision of the run
    <<: *data
    range: [7000, 8000]
  test:                           # used once, by the original and the selected model
    <<: *data
    range: [8000, 10000]

metric: top1                      # in points, higher is better. Classes: top1, top5; pixels: pixel-accuracy, mean-iou; many
                                  # labels: mean-average-precision, f1-micro; numbers: r2, rmse-score, mae-score; no labels: fidelity;
                                  # your own: { module: ./metric.mjs } or { activity, taskQueue, version }
                                  # detectors: { name: coco-map, decoder: yolov8, classes: 80 }
cost: macs                        # the cost that ratios refer to: macs, params (elements of weights) or latency (measured ms)
target: 0.5                       # C: cost of the final model / cost of the original, above 0 and below 1
tolerance: 1                      # X: points of the metric that the final model may lose

techniques: [spatial-svd, channel-pruning]  # also weight-svd; one of them alone works too
# ssvdTargets: [0.5, 0.65, 0.75]  # Cssvd; by default C, C + 0.3 (1 - C) and C + 0.5 (1 - C)
candidates: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]  # ratios of a layer's cost that get an eval score
scoring:
  samples: 500                    # images of the evaluation split per eval score
  score: metric                   # or fidelity: closeness to the original's outputs, needs no labels
selection:
  mode: optimal                   # least output error for the cost; greedy (AIMET's), tar (accuracy per cost), manual
  monotonic: false                # make eval scores rise with the ratio first
  ratios: {}                      # set by hand, layer name: ratio, which is kept
  channels: {}                    # set by hand, layer name: [input channels to remove]
multiplicity: auto                # ranks and channels: in blocks that the processor computes at once, or multiples of a number
minimum: 1                        # lowest rank and fewest channels that a layer keeps
pruning:
  coupled: true                   # prune channels tied by skips, concats and the like together; false: as AIMET does
  importance: l2                  # how channels are ranked: l1, l2, taylor, reconstruction
pick:
  maxPicks: 2                     # most spatial-SVD models that proceed to channel pruning
  # budget: 0.5                   # points they may lose; by default max(X - 5, min(X / 2, 2))
revisit:
  maxRevisits: 2                  # most times the Cssvd targets are moved when none, or all, fit well
ccpFactors: [0.95, 1, 1.05]       # Ccp = factor * C / ratio of the picked model
select:
  closeness: 0.02                 # distance above C that the final cost ratio may have
review:                           # the run waits for a person's approval ("slimflow approve")
  afterPick: false                # the picks, before they are pruned
  afterSelect: false              # the selected model, before it is taken
  # timeout: 3d                   # longest wait (s, m, h, d or w); unlimited by default
  onTimeout: continue             # after the timeout, take the proposal; or stop, with nothing selected

fineTune:                         # or one of your own, { activity, taskQueue, version }: docs/your-own-training.md
  epochs: 2
  learningRate: 0.002             # peak of the schedule. 0.02 with batchNorm: restore, or if the model still has BatchNorm
  batch: 64
  optimizer: sgd                  # or adamw
  momentum: 0.9                   # for adamw: beta 1
  # nesterov: true                # for sgd
  # beta2: 0.999                  # for adamw
  # epsilon: 1.0e-8               # for adamw
  weightDecay: 0.0005
  # decay: all                    # by default weights: no biases, scales and shifts
  # clip: 1                       # largest global norm of a gradient
  # ema: 0.999                    # decay of an average of the weights, which becomes the result
  schedule: one-cycle             # or constant, step, cosine
  # warmUp: 0.05                  # share of the steps in which the rate first rises; one-cycle rises anyway
  # milestones: [0.5, 0.75]       # for step: shares of the training
  # gamma: 0.1                    # for step: factor of the rate at each milestone
  # floor: 0.01                   # for cosine: final share of the rate
  # loss: cross-entropy           # by default what suits the metric: also mean-squared-error, binary-cross-entropy;
                                  # or your own: { graph: FILE } (docs/your-own-training.md)
  # labelSmoothing: 0.1
  # ignoreLabel: 255              # a label to ignore
  # distillation: { weight: 0.5, temperature: 4 } # learn from the original model; weight 1 needs no labels
  # batchNorm: restore            # put back BatchNorm that the exporter folded, for the training; or frozen
  seed: 0
  # augment: { flip: true, crop: 4 }  # vary the images: also fill, brightness, contrast, cutout, fixedLabels
  # microBatch: 16                # images computed at once, if memory is short; their gradients are accumulated
  # precision: auto               # float16 if it is precise enough, on CUDA; mixed: on any device
  # stepsPerCall: 16              # steps per call of ONNX Runtime; by default 16 on CUDA, else 1
  # earlyStopping: { patience: 2 }  # stop after this many epochs without a better metric on the evaluation split
  # keepBest: true                # keep the epoch that was best on it, rather than the last
  perLayer:                       # fine-tuning after each compressed layer, before the next is compressed
    epochs: 0                     # 0: all layers at once; may be a fraction: a quarter of the samples for 0.25
reconstruction:                   # least-squares refit of the weights that compression changes
  samples: 500                    # training images used
  patches: 10                     # patches from each
  seed: 0
  svd: true                       # false: leave decomposed layers as their weights alone make them, as in AIMET
latency:
  runs: 50                        # timed runs of each model
  # taskQueue: jetson             # time on the machine that runs "slimflow worker --queue latency --task-queue jetson"
  # batch: 1                      # samples in a timed batch
  # threads: 4                    # of a timed model; by default those of the worker's jobs
  # provider: auto                # there: by default auto with a taskQueue, otherwise compute.provider

ignore: []                        # names of layers to leave as they are ("slimflow inspect" lists them)
# inputSize: [1, 3, 224, 224]     # sizes if the model leaves them open, or by input: { image: [1, 3, 224, 224] }
compute:
  provider: auto                  # ONNX Runtime's execution provider: cpu, cuda or webgpu; auto uses CUDA if available
  linearAlgebra: auto             # cusolver, lapack, faer or ml-matrix; "slimflow doctor" shows what is available
  queues: shared                  # by-need: work for cpu and cuda goes to separate workers (docs/workers.md)
outDir: out                       # where model.onnx and result.json are written
`;
