// The rooms' borders (docs/decisions.md): what a folder may import. Everything of ours that is not listed is forbidden.
const rooms = 'workflows|activities|ced|workers|infra|cli|bench|examples|test';

/** A rule: code in `room` imports nothing of ours but itself and `allowed` (regular expressions on paths). */
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
    border('ced', 'ced/ is the method, pure: it knows no Temporal, no storage, no processes'),
    border('workflows', 'workflow code knows its own contract only; activities reach it as types', ['^activities/']),
    border('activities', 'a durable edge stands on ced/ and the contract', ['^ced/', '^workflows/contract/']),
    border('workers', 'a process joins activities, workflows and the engine', ['^activities/', '^workflows/', '^ced/']),
    border('infra', 'infra stands below everything; it knows the contract for its names', ['^workflows/contract/']),
    border('cli', 'the command may use every room but tests', ['^(workflows|activities|ced|workers|infra|examples)/']),
    border('bench', 'benchmarks measure any room', ['^(workflows|activities|ced|workers|infra|cli|examples)/']),
    border('examples', 'examples are made with any room', ['^(workflows|activities|ced|workers|infra|cli)/']),
    {
      name: 'activities-reach-workflows-as-types',
      comment: 'an activity imported by value would be bundled into the workflow sandbox',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^activities/', dependencyTypesNot: ['type-only'] },
    },
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
      name: 'no-temporal-in-ced',
      severity: 'error',
      from: { path: '^ced/' },
      to: { path: 'node_modules/@temporalio/|^(node:)?(child_process|worker_threads|cluster|net|http|https)$' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'declared-packages',
      severity: 'error',
      from: { pathNot: '^(test|examples|bench)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-dev-packages-at-run-time',
      severity: 'error',
      from: { path: '^(workflows|activities|ced|workers|cli)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
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
