import { CocoMap } from '../../../../engine/data/detection/coco-map';
import { detections, goldens, labelledBoxes } from './goldens';

it.each(Object.entries(goldens.maps))('%s: as pycocotools', (_, golden) => {
  let map = new CocoMap();
  golden.labels.forEach((labels, image) => {
    map.add(detections(golden.found[image]), labelledBoxes(labels));
    // An evaluation may resume after any image.
    const again = new CocoMap();
    again.state = structuredClone(map.state);
    map = again;
  });
  const quality = map.quality();
  for (const figure of ['mAP50-95', 'mAP50', 'mAP75'] as const)
    expect(quality[figure]).toBeCloseTo(golden[figure], 9);
  const each = quality.classes.map((one) => [`${one.class}`, [one['AP50-95'], one.AP50]] as const);
  expect(each.map(([kind]) => kind)).toEqual(Object.keys(golden.classes));
  for (const [kind, figures] of each)
    figures.forEach((figure, at) => expect(figure).toBeCloseTo(golden.classes[kind][at], 9));
});

it('refuses images without any labelled box', () => {
  const map = new CocoMap();
  map.add(detections([[0, 0.5, 1, 1, 4, 4]]), labelledBoxes([[1, 2, 2, 8, 8, 1]]));
  expect(() => map.quality()).toThrow('metric coco-map needs labelled boxes, but no image has one');
});
