/** `ced logits STORE`: what a store's logits hold, and with `--clip` how one clip was heard. */
import { parseArgs } from 'node:util';
import { openStore } from '../../storage/open-store';
import { clipLogits } from './clip-logits';
import type { Command } from '../command';
import { UsageError } from '../failure';
import { surveyLogits } from './logits-survey';
import { clipText, surveyText } from './logits-text';

const defaultShards = 8;
const defaultTop = 5;

const help = `ced logits STORE [options]

Shows what the logits in a store hold: rows, views, bytes a row by column, top classes, entropy, and the teachers with their scores.

  STORE         the run file's "store": a folder or gs://bucket/prefix
  --clip ID     instead, each view of this clip: its augmentation (samples, frames, mel bins) and top tags
  --key PREFIX  only logits whose key starts so
  --shards N    shards whose rows are read for bytes, classes and entropy; all rows are counted anyway (default ${defaultShards})
  --top N       tags shown of a view (default ${defaultTop})
  --json        the same as JSON
  --help        this text`;

export const command: Command = {
  summary: "show what a store's logits hold",
  help,
  async run(argv) {
    const options = {
      clip: { type: 'string' },
      key: { type: 'string' },
      shards: { type: 'string' },
      top: { type: 'string' },
      json: { type: 'boolean' },
    } as const;
    const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
    const [uri, ...rest] = positionals;
    if (uri === undefined || rest.length > 0)
      throw new UsageError('ced logits: expected one store; see ced logits --help');
    const store = openStore(process.cwd(), uri);
    const keyPrefix = values.key ?? '';
    const shown =
      values.clip === undefined
        ? await surveyLogits(store, {
            keyPrefix,
            shards: positive('shards', values.shards, defaultShards),
          })
        : await clipLogits(store, values.clip, {
            keyPrefix,
            top: positive('top', values.top, defaultTop),
          });
    if (shown.length === 0) throw new UsageError(nothing(store.uri, values.clip, values.key));
    const text = shown
      .map((each) => ('clip' in each ? clipText(each) : surveyText(each)))
      .join('\n\n');
    process.stdout.write(`${values.json === true ? JSON.stringify(shown, null, 2) : text}\n`);
    return 0;
  },
};

function positive(option: string, text: string | undefined, otherwise: number): number {
  const value = Number(text ?? otherwise);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`ced logits: --${option} ${text}: expected a number above 0`);
  return value;
}

function nothing(uri: string, clip: string | undefined, key: string | undefined): string {
  const what = clip === undefined ? 'no logits' : `no logits of a clip '${clip}'`;
  return `${uri} holds ${what}${key === undefined ? '' : ` under a key that starts with ${key}`}; a store is the folder that a run file names`;
}
