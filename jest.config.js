/** Tests run as compiled: what is tested is what ships, and worker threads load the same files. */
module.exports = {
  roots: ['<rootDir>/dist/test'],
  testMatch: ['**/*.test.js'],
  testEnvironment: '<rootDir>/dist/test/support/environment.js',
  setupFiles: ['<rootDir>/dist/test/support/properties.js'],
  globalSetup: '<rootDir>/dist/test/support/global-setup.js',
  // A machine under load is slow, not wrong.
  testTimeout: 600_000,
  maxWorkers: 2,
};
