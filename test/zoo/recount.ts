import { declare } from '../../engine/onnx/extract';
import { loadModel } from '../../engine/onnx/model';
import { sizeOf } from '../../engine/tensor/tensor';
import { inputFor, runPlain } from './models';

/**
 * MACs of one sample, counted without the engine's shape inference: shapes are those of a real run. Conv is weights x
 * output positions, ConvTranspose weights x input positions, Gemm and MatMul with a constant operand weights x rows.
 */
export async function recount(path: string): Promise<number> {
  const graph = loadModel(path);
  const layers = graph.nodes.filter(({ opType }) =>
    ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'].includes(opType),
  );
  const input = graph.inputs[0].name;
  const outputs = graph.model.graph!.output;
  const given = new Set([input, ...outputs.map(({ name }) => name)]);
  for (const name of new Set(layers.flatMap((node) => [node.input[0], node.output[0]])))
    if (!given.has(name) && !graph.isConstant(name)) outputs.push(declare(name));
  const x = inputFor(graph, 1);
  const values = { ...(await runPlain(graph, x)), [input]: x };
  return layers.reduce((sum, node) => {
    const weight = node.input.slice(0, 2).find((name) => graph.isConstant(name));
    if (!weight) return sum;
    const { dims } = values[node.opType === 'ConvTranspose' ? node.input[0] : node.output[0]];
    const positions = node.opType.startsWith('Conv') ? dims.slice(2) : dims.slice(1, -1);
    return sum + sizeOf(graph.constant(weight)!.dims) * sizeOf(positions);
  }, 0);
}
