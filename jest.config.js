const project = {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
};

// Tests of one package that go on for as long as they are told to.
const soak = '\\.soak\\.test\\.ts$';

export default {
  // A busy disk may stall an fsync; a test that hangs should still end.
  testTimeout: 20_000,
  projects: [
    {
      ...project,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/packages/*/*/test/**/*.test.ts',
        '<rootDir>/apps/*/test/**/*.test.ts',
        '<rootDir>/tools/test/**/*.test.ts',
      ],
      testPathIgnorePatterns: ['/node_modules/', soak],
    },
    {
      ...project,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.test.ts', '<rootDir>/packages/*/*/test/**/*.soak.test.ts'],
    },
    { ...project, displayName: 'interop', testMatch: ['<rootDir>/test/interop/**/*.test.ts'] },
  ],
};
