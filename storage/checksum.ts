/**
 * JSON that tells when it was damaged: a field `seal` holds the SHA-256 of the canonical text
 * without it, or, after lines of JSON, a last line `{"seal"}` that of the lines. What has none,
 * from an earlier version or another hand, is taken as it is: a flipped bit cannot take the field
 * away and change another.
 */
import { canonicalJson } from '../ced/canonical-json';
import { sha256 } from './store';

const CHECKSUM_FIELD = /,"seal":"([0-9a-f]{64})"\}\n?$/;
const CHECKSUM_BYTES = 80;
const CHECKSUM_LINE = /^\{"seal":"([0-9a-f]{64})"\}\n$/m;

/** @param value has fields, and no `seal` */
export function encodeChecksummed(value: object): Uint8Array {
  const text = canonicalJson(value);
  return Buffer.from(`${text.slice(0, -1)},"seal":"${sha256(text)}"}\n`);
}

/** @returns the value without its checksum, and whether it had one; or what is wrong */
export function decodeChecksummed(
  bytes: Uint8Array,
): { value: unknown; checksummed: boolean } | string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parsed = parsedJson(text.toString('utf8'));
  if (parsed === undefined) return 'it is not JSON';
  if (typeof parsed !== 'object' || parsed === null || !('seal' in parsed))
    return { value: parsed, checksummed: false };
  const { seal, ...value } = parsed;
  // As it was written: no need to sort keys. Otherwise it has been laid out anew, or is a
  // checkpoint's state of an earlier version, which has the checksum among its sorted fields.
  const tail = CHECKSUM_FIELD.exec(
    text.toString('latin1', Math.max(0, text.length - CHECKSUM_BYTES)),
  );
  const own = tail
    ? sha256([text.subarray(0, text.length - tail[0].length), Buffer.from('}')])
    : sha256(canonicalJson(value));
  return seal === own ? { value, checksummed: true } : 'its checksum does not hold';
}

/** JSON Lines and a last one with their checksum. */
export function encodeChecksummedLines(lines: readonly object[]): Uint8Array {
  const text = lines.map((line) => JSON.stringify(line) + '\n').join('');
  return Buffer.from(`${text}${JSON.stringify({ seal: sha256(text) })}\n`);
}

/** @returns the lines without their checksum, and whether there was one; or what is wrong */
export function decodeChecksummedLines(
  bytes: Uint8Array,
): { lines: unknown[]; checksummed: boolean } | string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const seal = CHECKSUM_LINE.exec(text);
  const own = seal ? text.slice(0, seal.index) : text;
  if (seal && seal[1] !== sha256(own)) return 'its checksum does not hold';
  const lines = own.split('\n').filter((line) => line !== '');
  const parsed = lines.map(parsedJson);
  const torn = parsed.indexOf(undefined);
  return torn < 0 ? { lines: parsed, checksummed: seal !== null } : `line ${torn + 1} is not JSON`;
}

/** @returns undefined if the text is not JSON */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
