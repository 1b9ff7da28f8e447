/** `ced logits STORE`: what a store's logits hold; with `--clip`, the views of one clip. */
import type { z } from 'zod';
import { commandLine } from '../../infra/command-line/command-line';
import { count, text } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';
import { clipLogits } from './clip-logits';
import type { Command } from '../command';
import { printJson } from '../print-json';
import { openExistingStore } from './existing-store';
import { surveyLogits } from './logits-survey';
import { clipText, surveyText } from './logits-text';
import type { clipLogitsSchema, logitsSurveySchema } from './store-output';

const line = commandLine({
  program: 'ced logits',
  usage: 'STORE [options]',
  about: [
    'Shows what the logits in a store hold: rows, views, bytes a row by column, top classes, ' +
      'entropy, and the teachers with their scores.',
  ],
  operands: {
    rows: { STORE: 'the run file\'s "store": a folder, gs://bucket/prefix or s3://bucket/prefix' },
    expected: 'one store',
    least: 1,
    most: 1,
  },
  options: {
    clip: {
      value: 'ID',
      is: text,
      help:
        'show each view of this clip instead: its augmentation (samples, frames, mel bins) and ' +
        'top tags',
    },
    key: { value: 'PREFIX', is: text, default: '', help: 'only logits whose key starts so' },
    shards: {
      value: 'N',
      is: count,
      default: 8,
      help: 'shards to read for bytes, classes and entropy; rows are counted in all shards',
    },
    top: { value: 'N', is: count, default: 5, help: 'with --clip: tags shown for a view' },
    json: { help: 'print JSON' },
  },
  examples: ['ced logits runs/mine', 'ced logits gs://bucket/mine --clip a1 --top 3'],
});

/** An entry of what --json prints. */
type LogitsOutput = z.output<typeof logitsSurveySchema | typeof clipLogitsSchema>[number];

export const command: Command = {
  spec: line.spec,
  help: line.help,
  run: async (argv) =>
    await line.run(argv, async ({ values, operands }) => {
      const store = await openExistingStore('ced logits', operands[0]!);
      const { clip, key: keyPrefix, shards, top, json } = values;
      const shown =
        clip === undefined
          ? await surveyLogits(store, { keyPrefix, shards })
          : await clipLogits(store, clip, { keyPrefix, top });
      if (shown.length === 0) throw new UsageError(nothing(store.uri, clip, keyPrefix));
      const texts = shown.map((each) => ('clip' in each ? clipText(each) : surveyText(each)));
      const versioned = shown.map((each): LogitsOutput => ({ formatVersion: 1, ...each }));
      if (json) printJson(versioned);
      else process.stdout.write(`${texts.join('\n\n')}\n`);
      return 0;
    }),
};

function nothing(uri: string, clip: string | undefined, keyPrefix: string): string {
  const what = clip === undefined ? 'no logits' : `no logits of a clip '${clip}'`;
  const under = keyPrefix === '' ? '' : ` under a key that starts with ${keyPrefix}`;
  return `${uri} holds ${what}${under}; a store is the folder that a run file names`;
}
