/**
 * What a WebDataset shard holds, read strictly: any header that no archiver writes makes it
 * unreadable. For archives without links, pax records and GNU's extensions.
 */
import { digestOf } from './forgery';
import { BLOCK, sumOf } from './tar-file';

interface Clip {
  audio?: Buffer;
  /** undefined = unreadable. */
  labels: (string | number)[] | null | undefined;
}

/** @returns the digests that a reader may give; none for a broken archive */
export function listed(bytes: Buffer): string[] {
  const clips = new Map<string, Clip>();
  let lastEnd = 0;
  for (let at = 0; at + BLOCK <= bytes.length;) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) {
      at += BLOCK;
      continue;
    }
    const size = sizeOf(header);
    if (size === null || !isSumRight(header)) return [];
    const type = String.fromCharCode(header[156]!);
    lastEnd = at + BLOCK + size;
    if ('0\x007'.includes(type)) addTo(clips, nameOf(header), bytes.subarray(at + BLOCK, lastEnd));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  if (lastEnd > bytes.length) return [];
  const rows = [...clips].filter(
    ([key, { audio, labels }]) =>
      audio && labels !== undefined && !key.startsWith('/') && !key.split('/').includes('..'),
  );
  if (rows.length === 0 && clips.size === 0) return [digestOf([])];
  return [digestOf(rows.map(([key, { audio, labels }]) => [key, labels, digestOf(audio!)]))];
}

function addTo(clips: Map<string, Clip>, name: string, content: Buffer): void {
  const [, key, extension] =
    /^(?:\.\/)?((?:.*\/)?(?:[^./]|(?<=\d)\.(?=\d))*)(?:\..*)?(\.[^.]*)$/.exec(name) ?? [];
  if (key === undefined || extension === undefined) return;
  if (!/^\.(wav|cls|json)$/i.test(extension)) return;
  const clip = clips.get(key) ?? { labels: null };
  clips.set(key, clip);
  if (/wav/i.test(extension)) clip.audio ??= content;
  else if (clip.labels !== undefined) clip.labels = labelsOf(extension, content.toString('utf8'));
}

function labelsOf(extension: string, text: string): Clip['labels'] {
  if (/cls/i.test(extension)) {
    const label = text.trim();
    if (label === '' || label.includes('\n')) return undefined;
    return [/^\d{1,9}$/.test(label) ? Number(label) : label];
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'number' ? [value] : (value as Pick<Clip, 'labels'>).labels;
  } catch {
    return undefined;
  }
}

/** null for what is no number as POSIX or GNU write it. */
function sizeOf(header: Buffer): number | null {
  const field = header.subarray(124, 136);
  if (field[0] === 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => 256n * sum + BigInt(byte), 0n);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : null;
  }
  const text = (field.toString('latin1').split('\0')[0] ?? '').trim();
  return /^[0-7]*$/.test(text) ? parseInt(text || '0', 8) : null;
}

function isSumRight(header: Buffer): boolean {
  return parseInt(header.toString('latin1', 148, 156), 8) === sumOf(header);
}

function nameOf(header: Buffer): string {
  const text = (at: number, length: number): string =>
    header.toString('utf8', at, at + length).split('\0')[0] ?? '';
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? text(345, 155) : '';
  return prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`;
}
