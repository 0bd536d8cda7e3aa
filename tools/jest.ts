/** How Node runs Jest here, from the top of the project: as `npm test` does. */
export const JEST: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];
