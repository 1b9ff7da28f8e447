/** What `ced` runs, each with a line for `ced --help`. */

/** Subcommands: the module of each, which exports `command` and is loaded only to run it. */
export const commands: Readonly<
  Record<string, { readonly module: string; readonly summary: string }>
> = {
  champion: {
    module: './store/champion',
    summary: "show a champion's lineage, or roll back to the previous champion",
  },
  completion: {
    module: './completion/completion',
    summary: 'print the completion of commands and options for a shell',
  },
  corpus: {
    module: './corpus/corpus',
    summary: 'check a corpus: clips, hours, labels, rejects',
  },
  embed: {
    module: './models/embed',
    summary: 'write the embeddings of audio files',
  },
  export: {
    module: './models/export',
    summary: 'write a model as ONNX, for other libraries, or as a web page',
  },
  init: {
    module: './corpus/init',
    summary: 'write a project (tables, splits, run files) for a dataset',
  },
  logits: {
    module: './store/logits',
    summary: 'show the logits of a store: rows, classes, teachers',
  },
  plan: {
    module: './run/plan',
    summary: 'estimate the cost of a run: shards, rows, bytes, hours',
  },
  report: {
    module: './store/report',
    summary: 'compare a run with an earlier one: models, classes, cost',
  },
  store: {
    module: './store/store',
    summary: 'show the space that a store takes, verify it, remove unreferenced objects',
  },
  tag: {
    module: './models/tag',
    summary: 'tag audio files with a model',
  },
  watch: {
    module: './run/watch',
    summary: 'show a run live, then its results',
  },
};

/** Programs that `npx ced` runs beside its own commands (infra/run.mjs), which has set-up first. */
export const programs: Readonly<Record<string, string>> = {
  codec: 'decrypt payloads for the Web UI',
  schedule: 'retrain by a schedule',
  server: 'run the Temporal development server',
  setup: 'install what workers need: TensorFlow, the Temporal server, the demo',
  start: 'run the demo, or any run file, on this machine',
  teach: 'train teachers from labels',
  temporal: 'the Temporal CLI that set-up has',
  worker: 'run a worker',
};
