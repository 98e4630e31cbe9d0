import type { Graph } from '../onnx/graph';
import { isPlainConv, type Layer } from '../onnx/layers';
import type { GroupConsumer } from './group';

/**
 * Tells if channels go from one plain convolution to the whole input of the next through nodes with a single reader and
 * a single output: the paths that AIMET's winnowing prunes.
 */
export function isSimple(
  graph: Graph,
  producers: readonly Layer[],
  consumers: readonly GroupConsumer[],
): boolean {
  const [producer, { layer: consumer, positions }] = [producers[0], consumers[0]];
  if (producers.length !== 1 || consumers.length !== 1 || positions.length !== consumer.dims[1]) return false;
  if (!isPlainConv(producer, graph) || !isPlainConv(consumer, graph)) return false;
  for (let value = consumer.node.input[0]; ;) {
    const node = graph.producer(value);
    if (!node || graph.uses(value).length !== 1 || graph.isOutput(value)) return false;
    if (node === producer.node) return true;
    const read = node.input.filter((input) => input && !graph.isConstant(input));
    if (read.length !== 1 || node.opType.startsWith('Conv') || node.output.filter(Boolean).length !== 1)
      return false;
    value = read[0];
  }
}
