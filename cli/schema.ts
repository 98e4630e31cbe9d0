import { jsonSchema } from '../run-spec/json-schemas';
import type { SchemaName } from '../run-spec/schema-names';
import { exitStatus } from './exit-status';

/** `slimflow schema`: prints a JSON Schema. */
export function schema(name: SchemaName): number {
  process.stdout.write(`${JSON.stringify(jsonSchema(name), undefined, 2)}\n`);
  return exitStatus.done;
}
