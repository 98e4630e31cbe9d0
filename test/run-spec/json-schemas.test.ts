import Ajv from 'ajv';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

import { checkInput } from '../../contract/inputs';
import { CompressionSpec } from '../../run-spec/spec';
import { EvaluationAnswer } from '../../run-spec/activity-contract';
import { jsonSchema } from '../../run-spec/json-schemas';
import { schemaNames } from '../../run-spec/schema-names';
import { specTemplate } from '../../run-spec/template';
import { fakeInput } from '../support/fake-activities';
import { HostileJson } from '../support/hostile-json';
import { root } from '../support/paths';

/** Validators of another author's make. */
const accepts = (name: (typeof schemaNames)[number]) => new Ajv({ strict: false }).compile(jsonSchema(name));
const spec = parse(readFileSync(join(root, 'examples', 'digits', 'slimflow.yaml'), 'utf8')) as object;

describe('the JSON Schemas', () => {
  it.each(schemaNames)('%s is one', (name) => {
    expect(() => accepts(name)).not.toThrow();
  });

  it('take the example, the template, and a workflow’s input', () => {
    const isSpec = accepts('spec');
    expect([isSpec(spec), isSpec.errors]).toEqual([true, null]);
    expect(isSpec(parse(specTemplate, { merge: true }))).toBe(true);
    expect(isSpec({ ...spec, fineTune: { loss: { graph: 'loss.onnx' } } })).toBe(true);
    expect(isSpec({ ...spec, fineTune: { loss: { graph: 5 } } })).toBe(false);
    const isInput = accepts('input');
    expect([isInput(JSON.parse(JSON.stringify(fakeInput()))), isInput.errors]).toEqual([true, null]);
  });

  it.each([
    [
      'spec',
      CompressionSpec,
      { ...spec, metric: { activity: 'judge', taskQueue: 'theirs', version: 1, timeout: '2h' } },
    ],
    ['evaluation-answer', EvaluationAnswer, { points: 4, standardError: 1, details: { a: [1] } }],
  ] as const)('%s refuses no more than the schema that we check by', (name, schema, valid) => {
    const isValid = accepts(name);
    const json = new HostileJson(1);
    const seen = { taken: 0, refused: 0 };
    for (let count = 0; count < 2000; count++) {
      const value: unknown = JSON.parse(JSON.stringify(json.mutated(valid, [valid])) ?? 'null');
      const isTaken = schema.safeParse(value).success;
      // Rules that join fields are not in it, so it may take more.
      if (isTaken) expect([isValid(value), isValid.errors, value]).toEqual([true, null, value]);
      seen[isValid(value) ? 'taken' : 'refused']++;
    }
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(20);
  });

  it('input takes nothing that the workflow would refuse', () => {
    const isValid = accepts('input');
    const valid: unknown = JSON.parse(JSON.stringify(fakeInput()));
    const json = new HostileJson(2);
    let taken = 0;
    for (let count = 0; count < 2000; count++) {
      const value: unknown = JSON.parse(JSON.stringify(json.mutated(valid, [valid])) ?? 'null');
      if (!isValid(value)) continue;
      taken++;
      expect(() => checkInput('guidebook', value)).not.toThrow();
    }
    expect(taken).toBeGreaterThan(20);
  });
});
