/** `ced plan RUN.json`: estimates what a run will need. */
import { resolve } from 'node:path';
import { commandLine } from '../../infra/command-line/command-line';
import { amount, count, oneOf, text, textOf } from '../../infra/command-line/option';
import { sourceOptions, sourcesOf } from '../../workers/source-options';
import type { Command } from '../command';
import { printJson } from '../print-json';
import { groupOf, groupOptions } from './group-options';
import { planRun } from './plan/plan-run';
import { planText } from './plan/plan-text';
import { assumedClips } from './plan/planned-corpus';
import { readRunFile } from './run-file';

const line = commandLine({
  program: 'ced plan',
  usage: 'RUN.json [options]',
  about: [
    'A dry run: checks the run file and its tables, looks up every clip, decodes a sample to ' +
      'estimate their length, and prints shards, rows, bytes of audio, logits and checkpoints, ' +
      'training steps and the time of computing. It writes nothing and needs no server. The time ' +
      'is arithmetic, not a measurement: operations over --tflops. Exit status 1 when the run ' +
      'would be refused.',
  ],
  operands: { rows: { 'RUN.json': 'run file' }, expected: 'one run file', least: 1, most: 1 },
  options: {
    type: {
      value: 'TYPE',
      is: oneOf('distill', 'teach'),
      default: 'distill',
      help: 'workflow that the run file is for',
    },
    root: {
      value: 'DIR',
      is: text,
      default: '.',
      shown: 'the current folder',
      help: 'where relative paths start',
    },
    sample: { value: 'N', is: count, default: 32, help: 'clips of each split to decode' },
    tflops: {
      value: 'N',
      is: amount,
      default: 20,
      help: 'operations that the machine sustains, in 10^12 a second; two CPU cores: about 0.15',
    },
    clips: {
      value: 'SPLIT=N',
      is: textOf('train=N, validation=N or eval=N'),
      multiple: true,
      help:
        'assume N clips of one chunk each instead of reading the tables, which need not exist; ' +
        'give it once for each split',
    },
    classes: {
      value: 'N',
      is: count,
      default: 527,
      help:
        "with --clips, or where only a teacher's worker knows the classes: how many; 527 are " +
        "AudioSet's",
    },
    ...groupOptions,
    ...sourceOptions,
    json: { help: 'print one JSON object' },
  },
  examples: [
    'ced plan examples/instruments/distill.json --tflops 0.15',
    'ced plan examples/audioset-2m.json --clips train=1912134 --clips eval=18886',
    'ced plan examples/audioset-2m.json --clips train=1912134 --workers 8 --link 25Gb/s --price 2',
  ],
});

export const command: Command = {
  spec: line.spec,
  help: line.help,
  run: async (argv) =>
    await line.run(argv, async ({ values, operands }) => {
      const run = readRunFile(operands[0]!, values.type);
      const plan = await planRun(run, resolve(values.root), {
        teraflops: values.tflops,
        sample: values.sample,
        assumed: values.clips.length === 0 ? null : assumedClips(values.clips),
        classes: values.classes,
        sources: sourcesOf(values, process.env),
        group: groupOf(values),
      });
      if (values.json) printJson({ formatVersion: 1, ...plan });
      else process.stdout.write(planText(plan));
      return plan.problems.length === 0 ? 0 : 1;
    }),
};
