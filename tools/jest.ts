/** How Node runs Jest here, from the top of the project: as `npm test` does. */
export const JEST: readonly string[] = [
  // Workers inherit it: a quarter less memory, and hardly slower.
  '--max-semi-space-size=8',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];
