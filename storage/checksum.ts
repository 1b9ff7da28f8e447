/**
 * JSON that tells when it was damaged: its last field, `seal`, is the SHA-256 of the canonical text
 * without it. What has none, from an earlier version or another hand, is taken as it is: a flipped
 * bit cannot take the field away and change another.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../ced/canonical-json';

const SEAL = /,"seal":"([0-9a-f]{64})"\}\n?$/;
const SEAL_BYTES = 80;

/** @param value has fields, and no `seal` */
export function encodeChecksummed(value: object): Uint8Array {
  const text = canonicalJson(value);
  return Buffer.from(`${text.slice(0, -1)},"seal":"${hashOf(text)}"}\n`);
}

/**
 * @throws SyntaxError
 * @returns the value without its seal, and whether there was one that holds; null where it does
 *   not
 */
export function decodeChecksummed(bytes: Uint8Array): { value: unknown; sealed: boolean } | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parsed: unknown = JSON.parse(text.toString('utf8'));
  if (typeof parsed !== 'object' || parsed === null || !('seal' in parsed))
    return { value: parsed, sealed: false };
  const { seal, ...value } = parsed;
  // As it was written: no need to sort keys. Otherwise another hand has laid it out.
  const tail = SEAL.exec(text.toString('latin1', Math.max(0, text.length - SEAL_BYTES)));
  const own = tail
    ? hashOf(text.subarray(0, text.length - tail[0].length), '}')
    : hashOf(canonicalJson(value));
  return seal === own ? { value, sealed: true } : null;
}

function hashOf(...parts: (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
