// Rules that catch faults here: a floating promise is a lost commit, a switch that forgets a case
// is a stage that does nothing.
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

const kebabCaseFiles = {
  rules: {
    'file-name': {
      create: (context) => ({
        Program(node) {
          const name = context.filename.split('/').at(-1) ?? '';
          if (!/^\.?[a-z0-9]+(-[a-z0-9]+)*(\.(test|config|d))?\.(ts|mjs|cjs)$/.test(name))
            context.report({ node, message: `file name ${name} is not kebab-case` });
          if (
            /^(utils?|helpers?|common|misc|manager|index)\./.test(name) &&
            !context.filename.endsWith('workflows/index.ts')
          )
            context.report({
              node,
              message: `file name ${name} says nothing: name the one noun the file is about`,
            });
        },
      }),
    },
  },
};

const exportsByName = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: 'ExportAllDeclaration', message: 'No barrels: import from the file itself.' },
];

const jsonBySchema = {
  selector:
    "TSAsExpression[typeAnnotation.type!='TSUnknownKeyword'] > " +
    "CallExpression[callee.object.name='JSON'][callee.property.name='parse']",
  message: 'Read stored JSON through a record (storage/record.ts), other JSON by a schema.',
};

/** Temporal's web interface shows the sentence in place of a timer's number. */
const timersBySentence = [
  ['sleep', 1],
  ['condition', 2],
].map(([name, given]) => ({
  selector: `CallExpression[callee.name='${name}'][arguments.length=${given}]`,
  message: 'Say in a sentence what the timer is for: { summary }.',
}));

// an address and a regular expression cannot be wrapped
const columns = { code: 100, ignoreUrls: true, ignoreRegExpLiterals: true };

/** Of scripts that run as they stand, without a compiler that looks at them. */
const browserRules = {
  'no-undef': 'error',
  'no-unused-vars': 'error',
  'no-redeclare': 'error',
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'prefer-const': 'error',
};

function readonlyGlobals(...names) {
  return Object.fromEntries(names.map((name) => [name, 'readonly']));
}

export default tseslint.config(
  // AssemblyScript has a compiler of its own
  { ignores: ['dist/', 'node_modules/', 'coverage/', '.ced/', 'ced/audio/assembly/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { ours: kebabCaseFiles, regexp },
    rules: {
      'ours/file-name': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: true, allowArray: true },
      ],
      // an async function may fulfil an interface without waiting for anything
      '@typescript-eslint/require-await': 'off',
      'no-restricted-syntax': ['error', ...exportsByName, jsonBySchema],
      // names and messages come from strangers: a search takes time that grows with their length
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential', ignoreSticky: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'prefer-const': 'error',
      'max-len': ['error', columns],
    },
  },
  {
    // TypeScript made by `npm run kernels`: one line is one compiled kernel
    files: ['ced/audio/compiled/*.ts'],
    rules: { 'max-len': 'off' },
  },
  {
    // runs in a browser, as it stands
    files: ['report/page.js'],
    languageOptions: {
      sourceType: 'script',
      globals: readonlyGlobals(
        ...['addEventListener', 'document', 'getComputedStyle', 'matchMedia', 'uPlot'],
      ),
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: browserRules,
  },
  {
    // the exported page's modules, as they stand
    files: ['cli/models/exports/web/*.js'],
    languageOptions: {
      globals: readonlyGlobals(
        ...['addEventListener', 'document', 'fetch', 'navigator', 'performance', 'postMessage'],
        ...['registerProcessor', 'sampleRate', 'setTimeout'],
        ...['AudioBuffer', 'AudioBufferSourceNode', 'AudioContext', 'AudioWorkletNode'],
        ...['AudioWorkletProcessor', 'Blob', 'OfflineAudioContext', 'TextEncoder', 'URL'],
        'Worker',
      ),
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: { ...browserRules, 'max-len': ['error', columns] },
  },
  {
    files: ['workflows/**/*.ts'],
    rules: {
      // absent from, or not deterministic in, the workflow sandbox
      'no-restricted-globals': ['error', 'setInterval', 'process', 'Buffer', 'fetch'],
      'no-restricted-syntax': ['error', ...exportsByName, jsonBySchema, ...timersBySentence],
    },
  },
  {
    // they take apart what a command of ours has just printed
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...exportsByName] },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'regexp/no-super-linear-backtracking': 'off', // no stranger writes what tests read
      'regexp/no-super-linear-move': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off', // expect.stringMatching and its kin are any
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
