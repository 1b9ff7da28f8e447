/**
 * WebDataset shards as a corpus table. Members that share a key are one clip; `.json` or `.cls`
 * labels it. Planning reads headers and labels only; ingest reads each clip's bytes where they lie.
 * https://github.com/webdataset/webdataset#the-webdataset-format
 *
 * A key ends at the first dot of the last path part, as WebDataset says, but for dots between two
 * digits: CED names clips `ID_10.000_20.000.wav`, and cutting there would merge clips.
 */
import { counted } from '../counted';
import { hasAudioEnding } from '../audio/audio-names';
import type { ByteRange } from './address';
import { parseLenient } from './json-table';
import { labelsFromJson, type Label } from './label-list';
import type { TableRow, TableRows } from './table-row';
import { tarMembers, type ReadAt, type TarMember } from './tar-members';

const LABELS = /\.(json|cls)$/i;
/** Kinds of members that are skipped and reported. */
const MOST_KINDS = 8;
const LONGEST_LABEL_BYTES = 1 << 20;
const LONGEST_KEY = 512;
/** Fields of a side-car that hold labels, the first that is there counts. */
const LABEL_FIELDS = ['labels', 'label', 'tags', 'tag', 'classes', 'class', 'category'] as const;

export interface TarRow extends TableRow {
  range: ByteRange;
  member: string;
}

interface Sample {
  key: string;
  audio: TarMember | null;
  labels: Label[] | null;
  problem: string | null;
}

/**
 * @param uri the shard's place, which its clips' rows name
 * @param source.name names the shard in messages
 * @throws {TarInvalid | SourceUnreadable} when the shard itself cannot be read
 */
export async function readWebDatasetShard(
  uri: string,
  source: { name: string; readAt: ReadAt },
): Promise<TableRows & { rows: TarRow[] }> {
  const shard = new Shard(source.name);
  for await (const member of tarMembers(source.readAt)) {
    const name = member.name.replace(/^\.\//, '');
    if (isArchiverFile(name)) continue;
    const { key, extension } = splitName(name);
    if (member.isLink) {
      shard.passOver('link', 'links', name);
      continue;
    }
    if (!hasAudioEnding(extension) && !LABELS.test(extension)) {
      const ending = extension || 'nothing';
      shard.passOver(`member that ends in ${ending}`, `members that end in ${ending}`, name);
      continue;
    }
    const sample = shard.sample(key);
    if (member.isSparse)
      sample.problem ??= `a sparse file in ${source.name}; pack it without --sparse`;
    else if (hasAudioEnding(extension)) shard.addAudio(sample, member);
    else {
      if (member.bytes > LONGEST_LABEL_BYTES)
        sample.problem ??= `its ${extension} in ${source.name} is longer than a label can be`;
      else {
        const text = (await source.readAt(member.offset, member.bytes)).toString('utf8');
        shard.addLabels(sample, extension.toLowerCase(), text);
      }
    }
  }
  return shard.finish(uri);
}

/**
 * The samples of a shard by key, in the order of their first members: they need not be adjacent.
 */
class Shard {
  private readonly samples = new Map<string, Sample>();
  private readonly secondAudio: string[] = [];
  private readonly withoutLabelField: string[] = [];
  private readonly passedOver = new Map<
    string,
    { several: string; count: number; first: string }
  >();

  constructor(private readonly name: string) {}

  sample(key: string): Sample {
    const known = this.samples.get(key);
    if (known) return known;
    const problem = isUnsafe(key) ? `a name that leads out of the shard in ${this.name}` : null;
    const sample = { key, audio: null, labels: null, problem };
    this.samples.set(key, sample);
    return sample;
  }

  addAudio(sample: Sample, member: TarMember): void {
    if (sample.audio) this.secondAudio.push(`${member.name} beside ${sample.audio.name}`);
    else sample.audio = member;
  }

  /** @param one of them, in words; @param several of them */
  passOver(one: string, several: string, name: string): void {
    const known = this.passedOver.get(one);
    if (known) known.count++;
    else this.passedOver.set(one, { several, count: 1, first: name });
  }

  addLabels(sample: Sample, extension: string, text: string): void {
    const labels = labelsOfSideCar(extension, text);
    if (labels === undefined) sample.problem ??= `unreadable ${extension} in ${this.name}`;
    else if (labels === 'noField') this.withoutLabelField.push(sample.key);
    else sample.labels = labels ?? sample.labels;
  }

  finish(uri: string): TableRows & { rows: TarRow[] } {
    const rows: TarRow[] = [];
    const rejected: TableRows['rejected'] = [];
    for (const { key, audio, labels, problem } of this.samples.values()) {
      const clip = key.slice(0, LONGEST_KEY);
      if (problem !== null) rejected.push({ clip, reason: problem });
      else if (key.length > LONGEST_KEY)
        rejected.push({ clip, reason: `its name is longer than ${LONGEST_KEY} characters` });
      else if (audio === null)
        rejected.push({ clip, reason: `no audio among its members in ${this.name}` });
      else
        rows.push({
          clip,
          audio: uri,
          member: audio.name,
          labels,
          range: { offset: audio.offset, bytes: audio.bytes },
        });
    }
    return { rows, rejected, notes: this.notes() };
  }

  private notes(): string[] {
    const [audio] = this.secondAudio;
    const [sideCar] = this.withoutLabelField;
    return [
      ...(audio === undefined
        ? []
        : [
            `${this.name}: ` +
              counted(
                this.secondAudio.length,
                'further audio member is',
                'further audio members are',
              ) +
              ` not used: ${audio}`,
          ]),
      ...(sideCar === undefined
        ? []
        : [
            `${this.name}: ` +
              counted(this.withoutLabelField.length, 'side-car names', 'side-cars name') +
              ' no labels, ' +
              `for example ${sideCar}; labels are read from ${LABEL_FIELDS.join(', ')}`,
          ]),
      ...[...this.passedOver]
        .slice(0, MOST_KINDS)
        .map(
          ([one, { several, count, first }]) =>
            `${this.name}: ${counted(count, `${one} is`, `${several} are`)} not used: ` +
            first.slice(0, LONGEST_KEY) +
            (one === 'link' ? '; pack the files themselves with --dereference' : ''),
        ),
    ];
  }
}

/**
 * What a `.json` or `.cls` beside audio says.
 * @returns null for no labels, undefined for a text that cannot be read, 'noField' for an object
 *   without a field of labels
 */
export function labelsOfSideCar(
  extension: string,
  text: string,
): Label[] | null | undefined | 'noField' {
  if (extension === '.cls') return labelsFromCls(text);
  let value: unknown;
  try {
    value = parseLenient(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return labelsFromJson(value);
  const field = LABEL_FIELDS.find((name) => Object.hasOwn(value, name));
  return field === undefined
    ? 'noField'
    : labelsFromJson((value as Record<string, unknown>)[field]);
}

/** A class number, a name or a MID. */
function labelsFromCls(text: string): Label[] | undefined {
  const label = text.replace(/^\uFEFF/, '').trim();
  if (label === '' || label.includes('\n')) return undefined;
  return [/^\d{1,9}$/.test(label) ? Number(label) : label];
}

/** Files that archivers add by themselves: macOS's resource forks and folder settings. */
function isArchiverFile(name: string): boolean {
  const base = name.slice(name.lastIndexOf('/') + 1);
  return base.startsWith('._') || base === '.DS_Store' || name.startsWith('__MACOSX/');
}

/** Linear in the name's length, whatever it holds. */
export function splitName(name: string): { key: string; extension: string } {
  for (let at = name.lastIndexOf('/') + 1; at < name.length; at++) {
    if (name[at] !== '.') continue;
    if (isDigit(name[at - 1]) && isDigit(name[at + 1])) continue;
    const last = name.lastIndexOf('.');
    return { key: name.slice(0, at), extension: name.slice(last) };
  }
  return { key: name, extension: '' };
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

function isUnsafe(name: string): boolean {
  return name.startsWith('/') || name.split('/').includes('..');
}
