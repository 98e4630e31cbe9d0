/**
 * No file imports itself by way of others, whether by value, by type or by `import()`: whoever reads, moves or loads a
 * file takes it with what lies below it and nothing else. ESLint's rules against circles leave types out.
 */
module.exports = {
  forbidden: [{ name: 'no-circle', severity: 'error', from: {}, to: { circular: true } }],
  options: {
    // Types are gone in what TypeScript compiles; circles of them are circles to a reader.
    tsPreCompilationDeps: true,
    // A worktree's node_modules may be a link to another's.
    exclude: { path: '^dist/|(^|/)node_modules/' },
  },
};
