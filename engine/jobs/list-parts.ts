import type { Graph } from '../onnx/graph';
import { type Method, techniques, techniqueTraits } from '../names';
import { partsBy } from './compressors';
import type { Frozen, PartSummary } from './types';

/** The default method, without a technique. */
export const plainMethod: Omit<Method, 'technique'> = {
  cost: 'macs',
  score: 'fidelity',
  multiplicity: 'auto',
  minimum: 1,
  importance: 'l2',
  coupled: true,
  ignore: [],
};

/** Lists what each technique can compress of a model, and the layers that it must leave alone. */
export function partsOf(
  graph: Graph,
  method: Partial<Omit<Method, 'technique'>>,
): { parts: PartSummary[]; frozen: Frozen[] } {
  const found = techniques.map((technique) => ({
    technique,
    ...partsBy(graph, { ...plainMethod, ...method, technique }),
  }));
  return {
    parts: found.flatMap(({ technique, parts }) =>
      parts.map(({ name, layers, most, full }) => ({
        name,
        technique,
        layers: layers.map((layer) => layer.name),
        units: techniqueTraits[technique].units === 'channels' ? full : most,
      })),
    ),
    frozen: found.flatMap(({ frozen }) => frozen),
  };
}
