/**
 * From a table's rows to clips that can be ingested: labels become class numbers, and every source
 * is looked up, many at once, without reading it.
 */
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { carriesCredential, CREDENTIAL_REFUSED } from '../../workflows/contract/credentials';
import { mapOrdered } from '../../storage/map-ordered';
import { openSource } from '../../storage/sources/open-source';
import {
  SourceUnreadable,
  type SourceOptions,
  type SourceVersion,
} from '../../storage/sources/source';
import type { RejectedRow, TableRow } from '../../ced/corpus/table';
import type { ListedClip } from '../../ced/corpus/listing';

const LOOKED_UP_AT_ONCE = 32;

/**
 * @param rejected receives the rows that cannot be used
 * @param onProgress rows looked at, of all
 */
export async function listClips(
  rows: TableRow[],
  vocabulary: Vocabulary,
  rejected: RejectedRow[],
  sources: SourceOptions,
  onProgress: (done: number, total: number) => void,
): Promise<ListedClip[]> {
  const indexOf = new Map<string, number>();
  vocabulary.forEach(({ mid, name }, index) => {
    indexOf.set(name, index);
    if (mid !== '') indexOf.set(mid, index);
  });
  const clips: ListedClip[] = [];
  const shards = new Map<string, Promise<SourceVersion | string>>();
  const versionOf = (row: TableRow): Promise<SourceVersion | string> => {
    if (!row.range) return describeAudio(row.audio, sources);
    const known = shards.get(row.audio) ?? describeAudio(row.audio, sources);
    shards.set(row.audio, known);
    return known;
  };
  let done = 0;
  for await (const { row, found } of mapOrdered(rows, LOOKED_UP_AT_ONCE, async (row) => ({
    row,
    found: await versionOf(row),
  }))) {
    const labels =
      row.labels === null
        ? null
        : row.labels.map((label) =>
            typeof label === 'number' ? label : (indexOf.get(label) ?? -1),
          );
    const unknown = labels?.findIndex((index) => index < 0 || index >= vocabulary.length) ?? -1;
    if (unknown >= 0)
      rejected.push({ clip: row.clip, reason: `unknown label '${String(row.labels?.[unknown])}'` });
    else if (typeof found === 'string') rejected.push({ clip: row.clip, reason: found });
    else
      clips.push({
        clip: row.clip,
        audio: row.audio,
        ...(row.range ? { range: row.range } : {}),
        fingerprint: found.fingerprint,
        labels: labels && [...new Set(labels)].sort((a, b) => a - b),
      });
    if (done++ % 500 === 0) onProgress(done, rows.length);
  }
  return clips;
}

/** What is there, or why nothing is. */
async function describeAudio(
  audio: string,
  sources: SourceOptions,
): Promise<SourceVersion | string> {
  if (carriesCredential(audio)) return CREDENTIAL_REFUSED;
  try {
    const source = openSource(audio, sources);
    return (await source.describe()) ?? `no such file: ${source.name}`;
  } catch (error) {
    if (error instanceof SourceUnreadable) return error.message;
    throw error;
  }
}
