/** Addresses of tables and audio: local paths, or URIs with a scheme. */

export interface ByteRange {
  offset: number;
  bytes: number;
}

export function isUri(place: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(place);
}

export interface BucketAddress {
  scheme: 'gs' | 's3';
  bucket: string;
  path: string;
}

/** `gs://bucket/some/key` or `s3://bucket/some/key` in its parts. null for anything else. */
export function parseBucketUri(uri: string): BucketAddress | null {
  const match = /^(gs|s3):\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(?:\/(.*))?$/s.exec(uri);
  return match?.[2] === undefined
    ? null
    : { scheme: match[1] === 's3' ? 's3' : 'gs', bucket: match[2], path: match[3] ?? '' };
}

/**
 * The address without query and fragment. Only the web has these: in a local path or a bucket's key
 * `#` and `?` are characters like others.
 */
export function pathOf(address: string): string {
  return /^(https?|hf):\/\//i.test(address) ? withoutQuery(address) : address;
}

/** What stands before the first `?` or `#`. */
export function withoutQuery(address: string): string {
  const end = address.search(/[?#]/);
  return end < 0 ? address : address.slice(0, end);
}

export function withoutSlashesAtEnd(place: string): string {
  let end = place.length;
  while (place[end - 1] === '/') end--;
  return place.slice(0, end);
}
