/** The metrics a model can be judged by; higher is better, in points. */
export const metricNames = ['top1'] as const;
export type MetricName = (typeof metricNames)[number];

/** A running metric: fed with batches of outputs, read at the end. */
export interface Metric {
  /** `outputs` is [N, K] row-major, `labels` has N entries. */
  add(outputs: Float32Array, labels: Int32Array): void;
  /** In points, 0..100. */
  value(): number;
}

const metrics: Record<MetricName, () => Metric> = { top1 };

/** A fresh metric of that name. */
export const metricOf = (name: MetricName): Metric => metrics[name]();

/** Top-1 accuracy: the share of samples whose largest output is their label's. */
function top1(): Metric {
  let hits = 0;
  let total = 0;
  return {
    add(outputs, labels) {
      const classes = outputs.length / labels.length;
      for (let n = 0; n < labels.length; n++) {
        let best = n * classes;
        for (let k = best + 1; k < (n + 1) * classes; k++) if (outputs[k] > outputs[best]) best = k;
        if (best - n * classes === labels[n]) hits++;
      }
      total += labels.length;
    },
    value: () => (100 * hits) / total,
  };
}
