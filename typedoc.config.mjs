import { OptionDefaults } from 'typedoc';

/** `npm run docs` writes the API's pages to out/api; `npm run lint` only checks them. Either fails at a warning. */
export default {
  name: 'Slimflow',
  entryPoints: ['index.ts', 'workflow.ts', 'engine/index.ts'],
  tsconfig: 'tsconfig.json',
  out: 'out/api',
  readme: 'none',
  // The compiler's own errors are for `npm run typecheck`.
  skipErrorChecking: true,
  excludePrivate: true,
  // Generated from ONNX's proto file.
  blockTags: [...OptionDefaults.blockTags, '@generated'],
  excludeInternal: true,
  // What `JobPool` is for the engine itself.
  intentionallyNotExported: ['JobRunner'],
  // Fields say what they are by their names, mostly.
  requiredToBeDocumented: OptionDefaults.requiredToBeDocumented.filter((kind) => kind !== 'Property'),
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, notDocumented: true },
};
