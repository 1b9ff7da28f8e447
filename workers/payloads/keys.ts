/**
 * Keys of the payload encryption, from `CED_PAYLOAD_KEYS`: `id=base64` of 32 bytes, several joined
 * by commas. The first encrypts, all decrypt: a new key goes in front, and the old one stays until
 * the last history under it is gone.
 */
import { webcrypto } from 'node:crypto';

export interface PayloadKeys {
  /** Id of the key that encrypts. */
  readonly current: string;
  readonly byId: ReadonlyMap<string, webcrypto.CryptoKey>;
}

const KEY_BYTES = 32;
const VARIABLE = 'CED_PAYLOAD_KEYS';

/**
 * @returns null where the variable is absent or empty.
 * @throws one line that names the entry, never the key
 */
export async function payloadKeys(environment: NodeJS.ProcessEnv): Promise<PayloadKeys | null> {
  const text = environment[VARIABLE] ?? '';
  if (text === '') return null;
  const byId = new Map<string, webcrypto.CryptoKey>();
  const entries = text.split(',');
  for (const [index, entry] of entries.entries()) {
    const [, id, base64] = /^([A-Za-z0-9_.-]{1,64})=([A-Za-z0-9+/]+=*)$/.exec(entry.trim()) ?? [];
    const bytes = Buffer.from(base64 ?? '', 'base64');
    if (id === undefined || bytes.length !== KEY_BYTES)
      throw new Error(
        `${VARIABLE}: entry ${index + 1} of ${entries.length} is not id=base64 of ` +
          `${KEY_BYTES} bytes; \`openssl rand -base64 ${KEY_BYTES}\` makes one`,
      );
    if (byId.has(id)) throw new Error(`${VARIABLE}: key id ${id} stands there twice`);
    byId.set(
      id,
      await webcrypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']),
    );
  }
  const [current] = byId.keys();
  return current === undefined ? null : { current, byId };
}
