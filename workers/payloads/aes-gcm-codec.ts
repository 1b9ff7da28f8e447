/**
 * Encrypts what workflows and activities say to each other before it reaches the Temporal server:
 * AES-256-GCM over the whole payload, metadata included, with a random nonce. Only the key's id and
 * the owner are readable. Search attributes, workflow ids and failure types are not payloads and
 * stay readable.
 *
 * A payload is bound to its owner: a server that puts it elsewhere makes it unreadable. The owner
 * is a workflow, or an activity of one. Payloads encrypted where no owner is known (Temporal's CLI
 * and web interface through the codec server) or by earlier versions are bound to none.
 */
import { webcrypto } from 'node:crypto';
import {
  METADATA_ENCODING_KEY,
  type Payload,
  type PayloadCodec,
  type SerializationContext,
} from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { PayloadKeys } from './keys';
import type { PayloadRequirement } from './requirement';

const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const OWNER = 'encryption-owner';
const NONCE_BYTES = 12;
const { Payload: PayloadMessage } = temporal.api.common.v1;

export class AesGcmCodec implements PayloadCodec {
  /** @param required what `decode` refuses to read without; null = nothing */
  constructor(
    private readonly keys: PayloadKeys,
    private readonly required: PayloadRequirement | null = null,
  ) {}

  async encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    const owner = ownerOf(context);
    return await Promise.all(payloads.map((payload) => this.encrypt(payload, owner)));
  }

  /**
   * Unless encryption is required, unencrypted payloads are passed on: histories from before the
   * first key, and inputs from the Temporal CLI.
   * @throws if a payload does not decrypt, belongs to another owner, or lacks a required protection
   */
  async decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    const owner = ownerOf(context);
    return await Promise.all(payloads.map((payload) => this.decrypt(payload, owner)));
  }

  private async encrypt(payload: Payload, owner: string): Promise<Payload> {
    const id = this.keys.current;
    const nonce = webcrypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const plain = Uint8Array.from(PayloadMessage.encode(payload).finish());
    const encrypted = await webcrypto.subtle.encrypt(
      { name: 'AES-GCM', iv: nonce, additionalData: boundTo(id, owner) },
      this.key(id),
      plain,
    );
    return {
      metadata: {
        [METADATA_ENCODING_KEY]: bytesOf(ENCODING),
        [KEY_ID]: bytesOf(id),
        ...(owner === '' ? {} : { [OWNER]: bytesOf(owner) }),
      },
      data: Buffer.concat([nonce, new Uint8Array(encrypted)]),
    };
  }

  private async decrypt(payload: Payload, expectedOwner: string): Promise<Payload> {
    const { metadata, data } = payload;
    if (textOf(metadata?.[METADATA_ENCODING_KEY]) !== ENCODING || !data) {
      if (this.required === null) return payload;
      throw new Error('a payload is not encrypted, and CED_PAYLOAD_REQUIRE refuses such');
    }
    const id = textOf(metadata?.[KEY_ID]);
    const owner = textOf(metadata?.[OWNER]);
    if (owner === '' && this.required === 'bound' && expectedOwner !== '')
      throw new Error(
        'a payload is bound to no workflow, and CED_PAYLOAD_REQUIRE=bound refuses such',
      );
    if (owner !== '' && expectedOwner !== '' && owner !== expectedOwner)
      throw new Error(`a payload of ${owner} is in the place of one of ${expectedOwner}`);
    const key = this.key(id);
    const algorithm = {
      name: 'AES-GCM',
      iv: Uint8Array.from(data.subarray(0, NONCE_BYTES)),
      additionalData: boundTo(id, owner),
    };
    try {
      const plain = await webcrypto.subtle.decrypt(
        algorithm,
        key,
        Uint8Array.from(data.subarray(NONCE_BYTES)),
      );
      return PayloadMessage.decode(new Uint8Array(plain));
    } catch (error) {
      throw new Error(
        `a payload encrypted with key ${id} does not open: the key is another, or the ` +
          'payload was changed',
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

/** Temporal appends the time to the ids of workflows that a schedule starts. */
const STARTED_BY_SCHEDULE = /-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/**
 * The owner of a payload; empty where the SDK names none. The workflows of one schedule are one
 * owner: each is given the schedule's input and the last result.
 */
function ownerOf(context: SerializationContext | undefined): string {
  if (context?.workflowId === undefined) return '';
  const { namespace, workflowId } = context;
  const workflow = workflowId.replace(STARTED_BY_SCHEDULE, '');
  return context.type === 'workflow'
    ? JSON.stringify(['workflow', namespace, workflow])
    : JSON.stringify(['activity', namespace, workflow, context.activityId ?? '']);
}

/** What the ciphertext is authenticated with. Key ids hold no line break. */
function boundTo(keyId: string, owner: string): Uint8Array<ArrayBuffer> {
  return bytesOf(owner === '' ? keyId : `${keyId}\n${owner}`);
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(text, 'utf8'));
const textOf = (bytes: Uint8Array | null | undefined): string =>
  Buffer.from(bytes ?? []).toString('utf8');
