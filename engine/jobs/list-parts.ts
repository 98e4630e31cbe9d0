import type { Graph } from '../onnx/graph';
import { type Method, techniques } from '../names';
import { pruningParts } from './pruning-compressor';
import { svdParts } from './svd-compressor';
import type { Frozen, PartSummary } from './types';

/** A method that leaves everything to its defaults. */
export const plainMethod: Omit<Method, 'technique'> = {
  cost: 'macs',
  score: 'fidelity',
  multiplicity: 1,
  minimum: 1,
  importance: 'l2',
  coupled: true,
  ignore: [],
};

/** What each technique can compress of a model, and the layers that it has to leave alone. */
export function partsOf(
  graph: Graph,
  method: Partial<Omit<Method, 'technique'>>,
): { parts: PartSummary[]; frozen: Frozen[] } {
  const found = techniques.map((technique) => {
    const whole = { ...plainMethod, ...method, technique };
    return technique === 'channel-pruning' ? pruningParts(graph, whole) : svdParts(graph, whole);
  });
  return {
    parts: found.flatMap(({ parts }, at) =>
      parts.map(({ name, layers, most, full }) => ({
        name,
        technique: techniques[at],
        layers: layers.map((layer) => layer.name),
        units: techniques[at] === 'channel-pruning' ? full : most,
      })),
    ),
    frozen: found.flatMap(({ frozen }) => frozen),
  };
}
