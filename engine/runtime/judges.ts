import { Fidelity } from '../data/fidelity';
import { DetectionJudge } from '../data/detection/detection-judge';
import { FirstOutput, type Judge, type Outputs } from '../data/judge';
import type { ReadBatch, Dataset } from '../data/dataset';
import { metricOf } from '../data/metric';
import { UserJudge } from '../data/user-metric';
import type { Graph } from '../onnx/graph';
import { extract } from '../onnx/extract';
import { openModel } from '../onnx/open-model';
import { judgedGraph } from './judged-values';
import { isDetection, type MetricChoice, metricWords, type ProviderChoice } from '../names';
import { thresholdOf } from './decision-threshold';
import { type Feeder, feederOf } from './feeds';
import { Session } from './session';

/** Things that a judge is made for. */
export interface Judged {
  /** The model, or the one that it was compressed from: what its scores mean follows from its last operator. */
  readonly graph: Graph;
  readonly data: Dataset;
  readonly threads: number;
  readonly provider?: ProviderChoice;
}

/** Tells if a metric reads labels: a user's own may do without. */
export const readsLabels = (metric: MetricChoice<unknown>): boolean =>
  typeof metric === 'string' || isDetection(metric);

/** A judge, and what it judges. */
export interface Judging {
  readonly judge: Judge;
  /**
   * The graph whose outputs it takes: the model's own or, for nearness, that of the values by which models are judged, such
   * as the raw heads of a detector, whose decoded outputs tell little.
   */
  readonly judged: Graph;
}

/**
 * Makes a judge of a model's outputs for a metric. The caller closes it.
 * @throws EngineError `InvalidSettings` if a user's metric can't be loaded; as `openModel` does for the other model of
 * a fidelity
 */
export async function openJudge(metric: MetricChoice, { graph, ...rest }: Judged): Promise<Judging> {
  if (typeof metric === 'string') {
    const rule = metricOf(metric, { threshold: thresholdOf(graph) });
    return { judge: new FirstOutput(graph.outputs[0].name, rule, metricWords(metric)), judged: graph };
  }
  if (isDetection(metric)) {
    const [height, width] = rest.data.shape.slice(-2);
    const outputs = graph.outputs.map(({ name }) => name);
    return { judge: new DetectionJudge(metric, outputs, { height, width }), judged: graph };
  }
  if ('fidelity' in metric) {
    const { own, other } = compared(graph, openModel(metric.fidelity));
    return { judge: await Nearness.open(other, rest), judged: own };
  }
  return { judge: await UserJudge.open(metric), judged: graph };
}

/** Cuts two models at the values by which the other is judged, if both have them; otherwise outputs are compared. */
function compared(own: Graph, other: Graph): { readonly own: Graph; readonly other: Graph } {
  const values = judgedGraph(other).outputs.map(({ name }) => name);
  if (!values.every((name) => own.producer(name))) return { own, other };
  return { own: cutAt(own, values), other: cutAt(other, values) };
}

function cutAt(graph: Graph, values: readonly string[]): Graph {
  const outputs = graph.outputs.map(({ name }) => name);
  if (values.length === outputs.length && values.every((name) => outputs.includes(name))) return graph;
  return extract(
    graph,
    graph.inputs.map(({ name }) => name),
    values,
  );
}

/** Judges a model by its outputs' nearness to those of another, which runs on the same samples. */
class Nearness implements Judge {
  private readonly fidelity = new Fidelity();

  private constructor(
    private readonly other: Session,
    private readonly feeder: Feeder,
  ) {}

  static async open(other: Graph, { data, threads, provider }: Omit<Judged, 'graph'>): Promise<Nearness> {
    const feeder = feederOf(other, data);
    return new Nearness(await Session.open(other, { threads, provider }), feeder);
  }

  async add(outputs: Outputs, batch: ReadBatch): Promise<void> {
    this.fidelity.add(await this.other.run(this.feeder.feeds(batch)), outputs);
  }

  value(): number {
    return this.fidelity.value().points;
  }

  standardError(): number | undefined {
    return this.fidelity.standardError();
  }

  details(): { readonly divergence: number } {
    return { divergence: this.fidelity.value().divergence };
  }

  get state(): object {
    return this.fidelity.state;
  }

  set state(known: object) {
    this.fidelity.state = known;
  }

  close(): Promise<void> {
    return this.other.close();
  }
}
