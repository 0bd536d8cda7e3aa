export default {
  testEnvironment: 'node',
  // Node's own modules, loaded once in a worker, instead of Jest's, loaded anew for each file (docs/adr/0023-tests-run-in-node.md).
  testRunner: '<rootDir>/test/framework.js',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testTimeout: 30_000,
  maxWorkers: 2,
  // A worker that has grown is replaced.
  workerIdleMemoryLimit: '300MB',
  reporters: ['default', '<rootDir>/test/absent-judges.js'],
  transform: {},
};
