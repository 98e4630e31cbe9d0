import type { z } from 'zod';

/** The parts of zod's definitions that lead from a schema to those within it. */
interface Definition {
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly valueType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
}

/** Lists the names that an object may have at a place in a schema; none if there is no object. */
export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const { innerType, in: input, options, shape, valueType, element } = schema._zod.def as Definition;
  if (options) return options.flatMap((option) => keysAt(option, path));
  const within = innerType ?? input;
  if (within) return keysAt(within, path);
  const [first, ...rest] = path;
  if (first === undefined) return shape ? Object.keys(shape) : [];
  const next = shape && Object.hasOwn(shape, first) ? shape[String(first)] : (valueType ?? element);
  return next ? keysAt(next, rest) : [];
}
