/**
 * Samples without a header, as `arecord --file-type raw` writes them: they get the header of a WAV
 * file of unknown length, and are decoded like one.
 */
import type { ByteParts } from '../../../ced/audio/byte-parts';
import { HIGHEST_RATE, LOWEST_RATE } from '../../../ced/audio/mono16k';
import { wavHeader } from '../../../ced/audio/wav-file';
import { between, oneOf } from '../../../infra/command-line/option';
import { UsageError } from '../../../infra/command-line/usage-error';

/** Under arecord's names: WAV's format tag and the bits of a sample. */
const RAW_FORMATS = {
  U8: [1, 8],
  S16_LE: [1, 16],
  S24_3LE: [1, 24],
  S32_LE: [1, 32],
  FLOAT_LE: [3, 32],
  FLOAT64_LE: [3, 64],
  A_LAW: [6, 8],
  MU_LAW: [7, 8],
} as const;
type RawName = keyof typeof RAW_FORMATS;

/** A WAV header states the bytes of a frame in 16 bits. */
const MOST_CHANNELS = 1024;

export interface RawFormat {
  readonly samples: RawName;
  readonly rate: number;
  readonly channels: number;
}

const names = Object.keys(RAW_FORMATS) as RawName[];

export const rawOptions = {
  raw: {
    value: 'FORMAT',
    is: oneOf<RawName>(...names),
    help: `- brings samples without a header, in a format of arecord: ${names.join(', ')}`,
  },
  'raw-rate': {
    value: 'HZ',
    is: between(LOWEST_RATE, HIGHEST_RATE),
    default: 16_000,
    help: 'sample rate of --raw, as of arecord -r',
  },
  'raw-channels': {
    value: 'N',
    is: between(1, MOST_CHANNELS),
    default: 1,
    help: 'channels of --raw, as of arecord -c',
  },
} as const;

/** As `rawOptions` are parsed. */
export interface RawValues {
  readonly raw: RawName | undefined;
  readonly 'raw-rate': number;
  readonly 'raw-channels': number;
}

/**
 * @returns null where the input has a header
 * @throws {UsageError} when standard input is not among what is read
 */
export function rawFormat(
  { raw: samples, 'raw-rate': rate, 'raw-channels': channels }: RawValues,
  operands: readonly string[],
): RawFormat | null {
  if (samples === undefined) return null;
  if (!operands.includes('-'))
    throw new UsageError('--raw is the format of standard input: name - to read it');
  return { samples, rate, channels };
}

/** The same bytes behind a header. */
export async function* withHeader(
  parts: ByteParts,
  { samples, rate, channels }: RawFormat,
): AsyncGenerator<Uint8Array> {
  const [tag, bits] = RAW_FORMATS[samples];
  yield wavHeader({ tag, bits, rate, channels }, null);
  yield* parts;
}
