/**
 * WebDataset shards as a corpus table: members that share a name up to its first dot are one clip;
 * `.json` (its `labels`) or `.cls` (an index) labels it. Planning reads headers and labels only;
 * ingest reads each clip's bytes where they lie.
 * https://github.com/webdataset/webdataset#the-webdataset-format
 */
import type { RejectedRow, TableRow } from './table';
import { tarMembers, type ReadAt, type TarMember } from './tar-members';
import type { ByteRange } from './address';

const AUDIO = /\.(wav|flac|ogg|oga|opus|mp3|m4a|mp4|aac|webm|wma|aif|aiff)$/i;
const LONGEST_LABEL_BYTES = 1 << 20;

export interface TarRow extends TableRow {
  range: ByteRange;
}

interface Sample {
  key: string;
  audio: TarMember | null;
  labels: (string | number)[] | null;
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
): Promise<{ rows: TarRow[]; rejected: RejectedRow[] }> {
  const { readAt } = source;
  const rows: TarRow[] = [];
  const rejected: RejectedRow[] = [];
  let clip = null as Sample | null;
  const finish = ({ key, audio, labels, problem }: Sample): void => {
    if (problem !== null) rejected.push({ clip: key, reason: problem });
    else if (audio === null)
      rejected.push({ clip: key, reason: `no audio among its members in ${source.name}` });
    else
      rows.push({
        clip: key,
        audio: uri,
        labels,
        range: { offset: audio.offset, bytes: audio.bytes },
      });
  };
  for await (const member of tarMembers(readAt)) {
    const [, key = '', extension = ''] =
      /^(.*?[^/]*?)(\.[^/]*)?$/s.exec(member.name.replace(/^\.\//, '')) ?? [];
    if (clip?.key !== key) {
      if (clip) finish(clip);
      clip = {
        key,
        audio: null,
        labels: null,
        problem: isUnsafe(key) ? `a name that leads out of the shard in ${source.name}` : null,
      };
    }
    if (AUDIO.test(extension)) clip.audio ??= member;
    if (extension === '.json' || extension === '.cls') {
      const labels =
        member.bytes > LONGEST_LABEL_BYTES
          ? null
          : parseLabels(extension, (await readAt(member.offset, member.bytes)).toString('utf8'));
      if (labels === null) clip.problem ??= `unreadable ${extension} in ${source.name}`;
      else clip.labels = labels.length === 0 && extension === '.json' ? clip.labels : labels;
    }
  }
  if (clip) finish(clip);
  return { rows, rejected };
}

/** null = unreadable; `.json` without `labels` gives none. */
function parseLabels(extension: string, text: string): (string | number)[] | null {
  if (extension === '.cls') return /^\s*\d+\s*$/.test(text) ? [Number(text)] : null;
  try {
    const labels: unknown = (JSON.parse(text) as { labels?: unknown }).labels ?? [];
    const usable =
      Array.isArray(labels) &&
      labels.every(
        (label) => typeof label === 'string' || (Number.isInteger(label) && (label as number) >= 0),
      );
    return usable ? (labels as (string | number)[]) : null;
  } catch {
    return null;
  }
}

function isUnsafe(name: string): boolean {
  return name.startsWith('/') || name.split('/').includes('..');
}
