/**
 * Encrypts what workflows and activities say to each other before it reaches the Temporal server:
 * AES-256-GCM over the whole payload, metadata included, with a random nonce. Only the key's id is
 * readable. Search attributes, workflow ids and failure types are not payloads and stay readable.
 */
import { webcrypto } from 'node:crypto';
import { METADATA_ENCODING_KEY, type Payload, type PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { PayloadKeys } from './keys';

const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const NONCE_BYTES = 12;
const { Payload: PayloadMessage } = temporal.api.common.v1;

export class AesGcmCodec implements PayloadCodec {
  constructor(private readonly keys: PayloadKeys) {}

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return await Promise.all(payloads.map((payload) => this.encrypt(payload)));
  }

  /**
   * What is not encrypted is passed on: histories from before the first key, and inputs from the
   * Temporal CLI.
   */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return await Promise.all(payloads.map((payload) => this.decrypt(payload)));
  }

  private async encrypt(payload: Payload): Promise<Payload> {
    const id = this.keys.current;
    const nonce = webcrypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const plain = Uint8Array.from(PayloadMessage.encode(payload).finish());
    const sealed = await webcrypto.subtle.encrypt(
      { name: 'AES-GCM', iv: nonce, additionalData: bytesOf(id) },
      this.key(id),
      plain,
    );
    return {
      metadata: { [METADATA_ENCODING_KEY]: bytesOf(ENCODING), [KEY_ID]: bytesOf(id) },
      data: Buffer.concat([nonce, new Uint8Array(sealed)]),
    };
  }

  private async decrypt(payload: Payload): Promise<Payload> {
    const { metadata, data } = payload;
    if (textOf(metadata?.[METADATA_ENCODING_KEY]) !== ENCODING || !data) return payload;
    const id = textOf(metadata?.[KEY_ID]);
    const algorithm = {
      name: 'AES-GCM',
      iv: Uint8Array.from(data.subarray(0, NONCE_BYTES)),
      additionalData: bytesOf(id),
    };
    const key = this.key(id);
    try {
      const plain = await webcrypto.subtle.decrypt(
        algorithm,
        key,
        Uint8Array.from(data.subarray(NONCE_BYTES)),
      );
      return PayloadMessage.decode(new Uint8Array(plain));
    } catch (error) {
      throw new Error(
        `a payload encrypted with key ${id} does not open: the key is another, or the payload was changed`,
        { cause: error },
      );
    }
  }

  private key(id: string): webcrypto.CryptoKey {
    const key = this.keys.byId.get(id);
    if (!key)
      throw new Error(
        `a payload is encrypted with key ${id}, which CED_PAYLOAD_KEYS does not hold`,
      );
    return key;
  }
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(text, 'utf8'));
const textOf = (bytes: Uint8Array | null | undefined): string =>
  Buffer.from(bytes ?? []).toString('utf8');
