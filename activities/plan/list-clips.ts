/**
 * From a table's rows to clips that can be ingested: labels become class numbers, and every source
 * is looked up, many at once, without reading it, but for the headers of AudioSet's videos.
 */
import { isAbsolute } from 'node:path';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { carriesCredential, CREDENTIAL_REFUSED } from '../../workflows/contract/credentials';
import { mapOrdered } from '../../storage/map-ordered';
import { openSource } from '../../storage/sources/open-source';
import {
  SourceUnreadable,
  type SourceOptions,
  type SourceVersion,
} from '../../storage/sources/source';
import { LabelNumbers } from '../../ced/corpus/label-numbers';
import type { Segment, TableRow, TableRows } from '../../ced/corpus/table-row';
import { AudioFinder } from './find-audio';
import { UncutVideos } from './uncut-videos';
import type { ListedClip } from '../../ced/corpus/listing';

const LOOKED_UP_AT_ONCE = 32;
const NO_FILE = 'no such file';

export interface ListingOptions {
  /** Folder that relative paths of the run file start from. */
  root: string;
  vocabulary: Vocabulary;
  sources: SourceOptions;
  /** Nobody reads the labels: a clip is listed without those that the vocabulary lacks. */
  ignoreUnknownLabels?: boolean;
  /** What to do where the audio is not found. @default naming the run file's `audioRoot` */
  remedy?: string;
  /** Stands before notes of the table. */
  table?: string;
  /** Rows looked at, of all. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * @param table its `rejected` receives the rows that cannot be used, its `notes` how many clips are
 *   cut out of whole videos
 */
export async function listClips(
  { rows, rejected, notes }: TableRows,
  options: ListingOptions,
): Promise<ListedClip[]> {
  const numbers = new LabelNumbers(options.vocabulary);
  const lookUp = new AudioLookUp(options);
  const clips: ListedClip[] = [];
  let done = 0;
  const found = mapOrdered(rows, LOOKED_UP_AT_ONCE, async (row) => ({
    row,
    ...(await lookUp.find(row)),
  }));
  for await (const { row, audio, segment } of found) {
    const labels = row.labels && numbers.find(row.labels);
    const [unknown] = labels?.unknown ?? [];
    if (unknown !== undefined && options.ignoreUnknownLabels !== true)
      rejected.push({ clip: row.clip, reason: `unknown label '${String(unknown)}'` });
    else if (typeof audio === 'string') rejected.push({ clip: row.clip, reason: audio });
    else
      clips.push({
        clip: row.clip,
        audio: audio.path,
        ...(row.range ? { range: row.range } : {}),
        ...(row.cell ? { cell: row.cell } : {}),
        ...(segment ? { segment } : {}),
        fingerprint: audio.fingerprint,
        labels: labels && labels.numbers,
      });
    if (done++ % 500 === 0) options.onProgress?.(done, rows.length);
  }
  const { table } = options;
  for (const note of lookUp.videos.notes())
    notes.push(table === undefined ? note : `${table}: ${note}`);
  return clips;
}

interface FoundAudio extends SourceVersion {
  path: string;
}

/** What there is of a row's audio. Sources that several rows share are asked once. */
class AudioLookUp {
  private readonly shared = new Map<string, Promise<SourceVersion | string>>();
  private readonly finder: AudioFinder;
  readonly videos: UncutVideos;

  constructor(private readonly options: ListingOptions) {
    this.finder = new AudioFinder(options.root);
    this.videos = new UncutVideos(options.sources);
  }

  /** `audio` is why nothing is there, as a text; `segment` the part of it to cut out. */
  async find(row: TableRow): Promise<{ audio: FoundAudio | string; segment: Segment | null }> {
    const { clip, segment = null, videoSegment } = row;
    const audio = await this.describe(row);
    if (typeof audio === 'string' || videoSegment === undefined) return { audio, segment };
    return { audio, segment: await this.videos.segmentOf(clip, audio, videoSegment) };
  }

  /** @returns why nothing is there, as a text */
  private async describe(row: TableRow): Promise<FoundAudio | string> {
    const isShared = row.range !== undefined || row.segment !== undefined;
    const version = await this.versionOf(row.audio, isShared);
    if (typeof version !== 'string') return { path: row.audio, ...version };
    if (row.written === undefined)
      return isAbsolute(row.audio) && version.startsWith(NO_FILE)
        ? `${version}; correct the path, or make it relative`
        : version;
    const found = await this.finder.find(row.audio, row.written, row.stems);
    const { path, lookedIn, sameName } = found;
    if (sameName)
      return (
        `${sameName.length} files are called so, for example ` +
        `${sameName.slice(0, 2).join(' and ')}; write the folder into the table`
      );
    if (path === null)
      return (
        `${version}; looked in ${lookedIn.join(', ')}; ` +
        (this.options.remedy ?? 'say where its paths start with corpus.audioRoot or --audio-root')
      );
    const elsewhere = await this.versionOf(path, isShared);
    return typeof elsewhere === 'string' ? elsewhere : { path, ...elsewhere };
  }

  private versionOf(path: string, isShared: boolean): Promise<SourceVersion | string> {
    if (!isShared) return describeAudio(path, this.options.sources);
    const known = this.shared.get(path) ?? describeAudio(path, this.options.sources);
    this.shared.set(path, known);
    return known;
  }
}

/** What is there, or why nothing is. */
async function describeAudio(
  audio: string,
  sources: SourceOptions,
): Promise<SourceVersion | string> {
  if (carriesCredential(audio)) return CREDENTIAL_REFUSED;
  try {
    const source = openSource(audio, sources);
    return (await source.describe()) ?? `${NO_FILE}: ${source.name}`;
  } catch (error) {
    if (error instanceof SourceUnreadable) return error.message;
    throw error;
  }
}
