// The rooms' borders (docs/decisions.md): what a folder may import. Everything of ours that is
// not listed is forbidden.
const rooms =
  'workflows|activities|jobs|ced|storage|report|workers|infra|cli|package|' +
  'tools|bench|examples|test';

/**
 * A rule: code in `room` imports nothing of ours but itself and `allowed` (regular expressions on
 * paths).
 */
function border(room, comment, allowed = []) {
  return {
    name: `border-of-${room}`,
    comment,
    severity: 'error',
    from: { path: `^${room}/` },
    to: { path: `^(${rooms})/`, pathNot: [`^${room}/`, ...allowed] },
  };
}

module.exports = {
  forbidden: [
    border('ced', 'ced/ is the pure method: no I/O, no Temporal, no storage, no processes'),
    border('workflows', 'workflow code knows its own contract only'),
    border(
      'storage',
      'storage/ keeps bytes and records; it knows the formats of ced/ and the contract',
      ['^ced/', '^workflows/contract/'],
    ),
    border('report', 'report/ is pure: results in, files out', ['^ced/', '^workflows/contract/']),
    border(
      'jobs',
      'the engine process stands on ced/, storage and the contract; it writes event files as ' +
        'it trains',
      ['^ced/', '^report/tensorboard-events', '^storage/', '^workflows/contract/'],
    ),
    border(
      'activities',
      'an activity runs in the worker process and forwards GPU work to the engine process',
      ['^jobs/(engine-jobs|protocol)', '^(ced|storage|report)/', '^workflows/contract/'],
    ),
    border(
      'workers',
      'the worker process joins activities and the engine process, which it supervises',
      [
        '^activities/',
        '^jobs/(engine-jobs|protocol|process/)',
        '^(ced|storage)/',
        '^workflows/',
        '^infra/(command-line/|free-port|package-root|tensorflow-variant)',
      ],
    ),
    border('infra', 'infra stands below everything; it knows the contract for its names', [
      '^workflows/contract/',
    ]),
    border('cli', 'a command may use every room but tests', [
      '^(workflows|activities|jobs|ced|storage|report|workers|infra|examples)/',
    ]),
    border('package', 'what other projects import stands on the rooms below the commands', [
      '^(workflows|activities|jobs|ced|storage|workers|infra)/',
    ]),
    border('tools', "developers' tools may use every room but tests", [
      '^(workflows|activities|jobs|ced|storage|report|workers|infra|cli|bench|examples)/',
    ]),
    border('bench', 'benchmarks measure any room', [
      '^test/support/',
      '^(workflows|activities|jobs|ced|storage|report|workers|infra|cli|tools|examples)/',
    ]),
    border('examples', 'examples are made with any room', [
      '^(workflows|activities|jobs|ced|storage|report|workers|infra|cli|package)/',
    ]),
    border('test', 'a test stands on what it tests, never on a benchmark', [
      '^(workflows|activities|jobs|ced|storage|report|workers|infra|cli|package|tools|examples)/',
    ]),
    {
      name: 'packages-of-workflows',
      comment: 'workflow code must be deterministic: zod and the workflow SDK only',
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'core'],
        pathNot: 'node_modules/(zod|@temporalio/(workflow|common))/',
      },
    },
    {
      name: 'no-temporal-in-ced-and-report',
      severity: 'error',
      from: { path: '^(ced|report)/' },
      to: {
        path: [
          'node_modules/@temporalio/',
          '^(node:)?(child_process|worker_threads|cluster|net|http|https)$',
        ],
      },
    },
    {
      name: 'no-files-in-ced-and-report',
      comment: 'pure code reads and writes no files',
      severity: 'error',
      from: { path: '^(ced|report)/', pathNot: '^ced/engine/environment' },
      to: { path: '^(node:)?fs(/promises)?$' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'declared-packages',
      severity: 'error',
      from: { pathNot: '^(test|examples|bench|tools)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-dev-packages-at-run-time',
      severity: 'error',
      from: { path: '^(workflows|activities|jobs|ced|storage|report|workers|cli|package)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm-peer'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: 'specify',
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
    moduleSystems: ['cjs', 'es6'],
  },
};
