import { create } from '@bufbuild/protobuf';
import { join } from 'node:path';

import type { Graph } from '../../../engine/onnx/graph';
import { historyOf, metadataOf, stamp } from '../../../engine/onnx/metadata';
import { saveModel } from '../../../engine/onnx/model';
import { openModel } from '../../../engine/onnx/open-model';
import { StringStringEntryProtoSchema } from '../../../engine/onnx/proto/onnx_pb';
import { inFolder } from '../../support/folder';
import { tinyNetwork } from '../../support/tiny';

const own = (graph: Graph, entries: Record<string, string>) => {
  for (const [key, value] of Object.entries(entries))
    graph.model.metadataProps.push(create(StringStringEntryProtoSchema, { key, value }));
  return graph;
};

describe("a model's metadata", () => {
  it('tell its last step, and all that came before, beside what the user wrote', () =>
    inFolder((folder) => {
      const graph = own(tinyNetwork(), { author: 'ada', step: 'mine' });
      stamp(graph, { step: 'compress', technique: 'spatial-svd', target: 0.5, seed: undefined });
      stamp(graph, { step: 'fine-tune', epochs: 2 });
      const path = join(folder, 'model.onnx');
      saveModel(graph, path);
      const found = openModel(path);
      expect(metadataOf(found)).toEqual({
        author: 'ada',
        step: 'mine',
        'slimflow.step': 'fine-tune',
        'slimflow.technique': 'spatial-svd',
        'slimflow.target': '0.5',
        'slimflow.epochs': '2',
        'slimflow.history': expect.any(String) as string,
      });
      expect(historyOf(found)).toEqual([
        { step: 'compress', technique: 'spatial-svd', target: 0.5 },
        { step: 'fine-tune', epochs: 2 },
      ]);
    }));

  it('have no history where Slimflow made none, or someone wrote another', () => {
    expect(historyOf(tinyNetwork())).toEqual([]);
    expect(historyOf(own(tinyNetwork(), { 'slimflow.history': '[cut' }))).toEqual([]);
    expect(historyOf(own(tinyNetwork(), { 'slimflow.history': '3' }))).toEqual([]);
  });

  it('keep the last hundred steps of a model that is trained on and on', () => {
    const graph = tinyNetwork();
    for (let step = 0; step < 103; step++) stamp(graph, { step });
    const history = historyOf(graph);
    expect([history.length, history[0].step, history.at(-1)?.step]).toEqual([100, 3, 102]);
  });
});
