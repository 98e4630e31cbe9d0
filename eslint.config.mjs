import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * The import directions of docs/architecture.md. A room lists the rooms that its files must not import;
 * workflows/ may take types alone from elsewhere, since its code runs in Temporal's deterministic sandbox.
 */
const rooms = (...names) => `^(\\.\\./)+(${names.join('|')})(/|$)`;
const outsideEngine = [
  'contract',
  'workflows',
  'workflow',
  'activities',
  'workers',
  'server',
  'store',
  'client',
  'intake',
  'cli',
  'run-spec',
  'report',
  'web',
  'index',
];
const forbid = (files, regex, message, allowTypeImports = false) => ({
  files,
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      { patterns: [{ regex, message, allowTypeImports }] },
    ],
  },
});
const engineRoom = (room, ...forbidden) =>
  forbid(
    [`engine/${room}/**/*.ts`],
    `(${rooms(...outsideEngine)})|(^@temporalio)|(^(\\.\\./)+(${forbidden.join('|')})/)`,
    `engine/${room} sits below: tensor <- onnx, data <- linalg <- runtime <- reconstruction <- (svd, pruning, ratios, training) <- jobs <- pools <- api`,
  );
/**
 * What Temporal's sandbox leaves in reach of workflow code though its answers differ from machine to machine or from
 * replay to replay. It takes care of the rest itself: Date, Math.random and timers are the workflow's, WeakRef and
 * FinalizationRegistry throw, and Node's modules and globals, fetch and crypto are not there.
 */
const deterministic = (files) => ({
  files,
  rules: {
    'no-restricted-globals': [
      'error',
      { name: 'process', message: 'is not there in a workflow: ask an activity' },
      { name: 'Intl', message: "depends on the machine's locale and Node's data: format by hand" },
      { name: 'performance', message: 'is not there in a workflow: Date.now() is the time of the workflow' },
    ],
    'no-restricted-properties': [
      'error',
      ...['exp', 'log', 'pow', 'sin', 'cos', 'tan'].map((property) => ({
        object: 'Math',
        property,
        message: 'its last bit differs between versions of V8: compute it in an activity',
      })),
    ],
    'no-restricted-syntax': [
      'error',
      ...plainLiterals,
      {
        selector: 'MemberExpression[property.name=/^(toLocale|localeCompare)/]',
        message: "depends on the machine's locale: compare with < or format by hand",
      },
      {
        selector: 'CallExpression[callee.property.name="race"][callee.object.name="Promise"]',
        message: 'waits on what lost, for as long as the workflow runs: use condition or a CancellationScope',
      },
    ],
  },
});
/** A literal spread into a literal is the same written plainly; whoever reads it stops to look for the reason. */
const plainLiterals = [
  {
    selector: 'ObjectExpression > SpreadElement > ObjectExpression',
    message: 'write its properties here',
  },
  {
    selector: ':matches(ArrayExpression, CallExpression, NewExpression) > SpreadElement > ArrayExpression',
    message: 'write its elements here',
  },
];
/** Only the guidebook's own steps, in workflows/, ask for a technique by name. */
const techniquesByTraits = {
  files: ['engine', 'activities', 'report', 'run-spec', 'client', 'cli', 'web'].map(
    (room) => `${room}/**/*.ts`,
  ),
  rules: {
    'no-restricted-syntax': [
      'error',
      ...plainLiterals,
      {
        selector: 'BinaryExpression > Literal[value=/^(spatial-svd|weight-svd|channel-pruning)$/]',
        message: 'ask techniqueTraits (engine/names) for what the technique is like',
      },
    ],
  },
};
const numeric = ['reconstruction', 'svd', 'pruning', 'ratios', 'training'];
const above = ['jobs', 'pools', 'api'];

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'out', 'engine/onnx/proto', 'examples/*/data', '.slimflow'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 320, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', ...plainLiterals],
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', module: 'writable' },
    },
  },
  engineRoom('tensor', 'onnx', 'linalg', 'runtime', 'data', ...numeric, ...above),
  engineRoom('onnx', 'linalg', 'runtime', 'data', ...numeric, ...above),
  engineRoom('linalg', 'onnx', 'runtime', 'data', ...numeric, ...above),
  engineRoom('runtime', ...numeric, ...above),
  engineRoom('data', 'linalg', 'runtime', ...numeric, ...above),
  engineRoom('reconstruction', 'svd', 'pruning', 'ratios', 'training', ...above),
  engineRoom('svd', 'pruning', 'training', ...above),
  engineRoom('pruning', 'svd', 'training', ...above),
  engineRoom('ratios', 'reconstruction', 'svd', 'pruning', 'training', ...above),
  engineRoom('training', 'reconstruction', 'svd', 'pruning', 'ratios', ...above),
  engineRoom('jobs', 'pools', 'api'),
  engineRoom('pools', 'api'),
  engineRoom('api', 'nothing'),
  forbid(
    ['workflows/**/*.ts', 'workflow.ts'],
    '^(?!\\./|(\\.\\./)+(workflows|contract)/|(\\.\\./)+engine/(names|visible)$|@temporalio/(workflow|common)$).+',
    'workflows/ is deterministic: it imports @temporalio/workflow, its own files, contract/, engine/names and engine/visible, and types',
    true,
  ),
  forbid(
    ['contract/**/*.ts'],
    '^(?!\\./|\\.\\./engine/(names|visible)$|@temporalio/(workflow|common)$|nexus-rpc$).+',
    'contract/ is what both sides of Temporal share: names and types, from engine/names, engine/visible and types of anywhere below',
    true,
  ),
  techniquesByTraits,
  deterministic(['workflows/**/*.ts', 'contract/**/*.ts', 'workflow.ts', 'test/support/versions/*.ts']),
  forbid(
    ['activities/**/*.ts'],
    rooms('workflows', 'workers', 'server', 'client', 'cli', 'report'),
    'activities -> engine, store, run-spec, contract, intake',
  ),
  forbid(
    ['intake/**/*.ts'],
    rooms('workflows', 'activities', 'workers', 'server', 'client', 'cli', 'report', 'web'),
    'intake -> contract, run-spec, store, engine',
  ),
  forbid(
    ['store/**/*.ts'],
    `(^(\\.\\./)+engine/(?!regular-file$))|${rooms('contract', 'intake', 'workflows', 'activities', 'workers', 'server', 'client', 'cli', 'report')}`,
    'store/ stands alone, but for how files are opened',
  ),
  forbid(
    ['run-spec/**/*.ts'],
    rooms(
      'contract',
      'intake',
      'workflows',
      'activities',
      'workers',
      'server',
      'client',
      'cli',
      'store',
      'report',
    ),
    'run-spec/ takes lists of names and rules of settings from the engine, and nothing else of ours',
  ),
  forbid(
    ['server/**/*.ts'],
    `(^(\\.\\./)+engine/(?!pinned-wheels$))|${rooms('workflows', 'activities', 'intake', 'workers', 'client', 'cli', 'report')}`,
    'server/ finds, starts and keeps Temporal: it knows nothing of runs',
  ),
  forbid(
    ['web/**/*.ts'],
    rooms('workflows', 'activities', 'workers', 'cli'),
    'web -> report, client, store, engine, and types of workflows',
    true,
  ),
  forbid(
    ['client/**/*.ts'],
    rooms('workflows', 'activities', 'workers', 'cli', 'report', 'web'),
    'client -> server, contract, intake, run-spec, store, engine, and types of workflows',
    true,
  ),
);
