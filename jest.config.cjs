// Tests run on the TypeScript sources; processes that tests start run on dist/, which set-up has
// compiled (so start tests with `npm test`). Jest loads CommonJS, so packages published as ES
// modules only are transformed too: the allow-list below.
const esmOnly = [
  '@eshaz/',
  '@wasm-audio-decoders/',
  'codec-parser',
  'hyparquet',
  'hyparquet-compressors',
  'hyparquet-writer',
  'hysnappy',
  'fzstd',
  'h5wasm',
  'mpg123-decoder',
  'opus-decoder',
  'simple-yenc',
  'spessasynth_core',
  'stb-vorbis',
];

const swc = {
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
};

module.exports = {
  rootDir: __dirname,
  roots: ['<rootDir>/test', '<rootDir>/bench'],
  testMatch: ['**/*.test.ts'],
  testEnvironment: '<rootDir>/test/support/quick-exit-environment.cjs',
  transform: { '\\.(ts|m?js)$': ['@swc/jest', swc] },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')}))`],
  // it exports to `import` alone
  moduleNameMapper: { '^h5wasm$': '<rootDir>/node_modules/h5wasm/dist/esm/hdf5_hl.js' },
  // Ends a hang, and nothing else: no test may depend on the machine's speed.
  testTimeout: 600_000,
  maxWorkers: 2,
};
