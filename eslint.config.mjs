import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * The import directions of docs/architecture.md. A room lists the rooms that its files must not import;
 * workflows/ may take types alone from elsewhere, since its code runs in Temporal's deterministic sandbox.
 */
const rooms = (...names) => `^(\\.\\./)+(${names.join('|')})(/|$)`;
const outsideEngine = [
  'workflows',
  'workflow',
  'activities',
  'workers',
  'store',
  'client',
  'cli',
  'spec',
  'report',
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
    `engine/${room} sits below: tensor <- onnx, data <- linalg <- runtime <- (svd, pruning, ratios, training) <- jobs`,
  );
const numeric = ['svd', 'pruning', 'ratios', 'training'];

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
      'max-lines': ['error', { max: 350, skipBlankLines: false, skipComments: false }],
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', module: 'writable' },
    },
  },
  engineRoom('tensor', 'onnx', 'linalg', 'runtime', 'data', ...numeric, 'jobs'),
  engineRoom('onnx', 'linalg', 'runtime', 'data', ...numeric, 'jobs'),
  engineRoom('linalg', 'onnx', 'runtime', 'data', ...numeric, 'jobs'),
  engineRoom('runtime', ...numeric, 'jobs'),
  engineRoom('data', 'linalg', 'runtime', ...numeric, 'jobs'),
  engineRoom('svd', 'pruning', 'training', 'jobs'),
  engineRoom('pruning', 'svd', 'training', 'jobs'),
  engineRoom('ratios', 'svd', 'pruning', 'training', 'jobs'),
  engineRoom('training', 'svd', 'pruning', 'ratios', 'jobs'),
  engineRoom('jobs', 'nothing'),
  forbid(
    ['workflows/**/*.ts', 'workflow.ts'],
    '^(?!\\./|\\.\\./workflows/|\\.\\./engine/jobs/method$|@temporalio/(workflow|common)$).+',
    'workflows/ is deterministic: it imports @temporalio/workflow, its own files, the names in engine/jobs/method, and types',
    true,
  ),
  forbid(
    ['activities/**/*.ts'],
    rooms('workflows', 'workers', 'client', 'cli', 'report'),
    'activities -> engine, store, spec',
    true,
  ),
  forbid(
    ['store/**/*.ts'],
    rooms('engine', 'workflows', 'activities', 'workers', 'client', 'cli', 'report'),
    'store/ stands alone',
  ),
  forbid(
    ['spec/**/*.ts'],
    rooms('workflows', 'activities', 'workers', 'client', 'cli', 'store', 'report'),
    'spec/ stands alone',
  ),
);
