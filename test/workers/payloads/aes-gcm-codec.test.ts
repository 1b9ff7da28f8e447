import { randomBytes, webcrypto } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import {
  defaultPayloadConverter,
  type Payload,
  type SerializationContext,
} from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { AesGcmCodec } from '../../../workers/payloads/aes-gcm-codec';
import { codecServer } from '../../../workers/payloads/codec-server';
import { payloadKeys } from '../../../workers/payloads/keys';
import { payloadRequirement } from '../../../workers/payloads/requirement';

const [first, second] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];

async function codec(keys: string): Promise<AesGcmCodec> {
  return new AesGcmCodec((await payloadKeys({ CED_PAYLOAD_KEYS: keys }))!);
}
const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const textOf = (payloads: readonly Payload[]): string =>
  payloads
    .map(({ metadata, data }) =>
      [...Object.values(metadata ?? {}), data ?? []]
        .map((bytes) => Buffer.from(bytes).toString('latin1'))
        .join(),
    )
    .join();

/** As the codec did it before payloads were bound: the key's id alone is authenticated. */
async function encryptedByEarlierVersion(): Promise<Uint8Array> {
  const key = await webcrypto.subtle.importKey('raw', Buffer.alloc(32, 7), 'AES-GCM', false, [
    'encrypt',
  ]);
  const iv = Buffer.alloc(12, 3);
  const plain = temporal.api.common.v1.Payload.encode(payload('from before')).finish();
  const additionalData = Buffer.from('k');
  const encrypted = await webcrypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData },
    key,
    Uint8Array.from(plain),
  );
  return Buffer.concat([iv, new Uint8Array(encrypted)]);
}

describe('encrypted payloads', () => {
  it('come back as they were, and cannot be read on the way', async () => {
    const both = await codec(`2026=${first}`);
    const plain = [payload({ store: 'gs://secret-corpus/runs' }), payload(null)];
    const encrypted = await both.encode(plain);
    expect(textOf(encrypted)).not.toMatch(/secret-corpus|json/);
    expect(
      (await both.decode(encrypted)).map((each) => defaultPayloadConverter.fromPayload(each)),
    ).toEqual([{ store: 'gs://secret-corpus/runs' }, null]);
  });

  it('never repeat a nonce', async () => {
    const one = await codec(`k=${first}`);
    const [a, b] = await one.encode([payload('same'), payload('same')]);
    expect(Buffer.from(a!.data!).equals(Buffer.from(b!.data!))).toBe(false);
  });

  it('open with an old key behind a new one, and not once the old one is removed', async () => {
    const encrypted = await (await codec(`old=${first}`)).encode([payload('kept')]);
    const rotated = await codec(`new=${second},old=${first}`);
    expect(
      (await rotated.decode(encrypted)).map((each) => defaultPayloadConverter.fromPayload(each)),
    ).toEqual(['kept']);
    expect(textOf(await rotated.encode([payload(1)]))).toContain('new');
    await expect((await codec(`new=${second}`)).decode(encrypted)).rejects.toThrow(
      /key old, which CED_PAYLOAD_KEYS does not hold/,
    );
  });

  it('do not open after a bit was changed, nor under another key of the same name', async () => {
    const one = await codec(`k=${first}`);
    const [encrypted] = await one.encode([payload('kept')]);
    const data = Uint8Array.from(encrypted!.data!);
    data[data.length - 1]! ^= 1;
    await expect(one.decode([{ ...encrypted, data }])).rejects.toThrow(/key k does not open/);
    await expect((await codec(`k=${second}`)).decode([encrypted!])).rejects.toThrow(
      /key k does not open/,
    );
  });

  it('stand beside plain ones from before', async () => {
    expect(await (await codec(`k=${first}`)).decode([payload('plain')])).toEqual([
      payload('plain'),
    ]);
  });

  describe('of one owner', () => {
    const workflow = (workflowId: string): SerializationContext => ({
      type: 'workflow',
      namespace: 'default',
      workflowId,
    });
    const activity = (workflowId: string, activityId: string): SerializationContext => ({
      ...{ type: 'activity', namespace: 'default', workflowId, activityId, isLocal: false },
    });

    it('are refused in the place of another, and when the owner in them was changed', async () => {
      const one = await codec(`k=${first}`);
      const places = [
        workflow('mine'),
        workflow('other'),
        { ...workflow('mine'), namespace: 'else' },
        activity('mine', '1'),
        activity('mine', '2'),
        activity('other', '1'),
      ];
      for (const from of places) {
        const encrypted = await one.encode([payload('kept')], from);
        expect(textOf(encrypted)).not.toContain('kept');
        for (const to of places)
          if (to === from)
            expect(await one.decode(encrypted, to)).toEqual([expect.objectContaining({})]);
          else {
            await expect(one.decode(encrypted, to)).rejects.toThrow(/in the place of/);
            const [owned] = await one.encode([payload('other')], to);
            const moved = { ...encrypted[0]!, metadata: owned!.metadata ?? null };
            await expect(one.decode([moved], to)).rejects.toThrow(/does not open/);
            const unbound = { ...encrypted[0]!, metadata: { ...encrypted[0]!.metadata } };
            delete unbound.metadata['encryption-owner'];
            await expect(one.decode([unbound], to)).rejects.toThrow(/does not open/);
          }
      }
    });

    it('are read by the codec server and where a schedule started the workflow', async () => {
      const one = await codec(`k=${first}`);
      const encrypted = await one.encode([payload('kept')], workflow('nightly'));
      for (const context of [undefined, workflow('nightly-2026-11-30T02:00:00Z')])
        expect(
          (await one.decode(encrypted, context)).map((each) =>
            defaultPayloadConverter.fromPayload(each),
          ),
        ).toEqual(['kept']);
    });

    it('of an earlier version are read as before', async () => {
      const old = {
        metadata: {
          encoding: Buffer.from('binary/encrypted'),
          'encryption-key-id': Buffer.from('k'),
        },
        data: await encryptedByEarlierVersion(),
      };
      const one = await codec(`k=${Buffer.alloc(32, 7).toString('base64')}`);
      const [opened] = await one.decode([old], workflow('mine'));
      expect(defaultPayloadConverter.fromPayload(opened!)).toBe('from before');
    });

    it('are the only ones that are read where that is required', async () => {
      const keys = (await payloadKeys({ CED_PAYLOAD_KEYS: `k=${first}` }))!;
      const [plain, unbound, bound] = [
        [payload('plain')],
        await new AesGcmCodec(keys).encode([payload('unbound')]),
        await new AesGcmCodec(keys).encode([payload('bound')], workflow('mine')),
      ];
      const encrypted = new AesGcmCodec(keys, 'encrypted');
      await expect(encrypted.decode(plain, workflow('mine'))).rejects.toThrow(/not encrypted/);
      await expect(encrypted.decode(plain)).rejects.toThrow(/not encrypted/);
      await expect(encrypted.decode(unbound, workflow('mine'))).resolves.toHaveLength(1);
      const strict = new AesGcmCodec(keys, 'bound');
      await expect(strict.decode(unbound, workflow('mine'))).rejects.toThrow(
        /bound to no workflow/,
      );
      await expect(strict.decode(bound, workflow('mine'))).resolves.toHaveLength(1);
      await expect(strict.decode(bound)).resolves.toHaveLength(1);
    });

    it('are required by CED_PAYLOAD_REQUIRE', () => {
      const requirement = (text: string, hasKeys = true): unknown =>
        payloadRequirement({ CED_PAYLOAD_REQUIRE: text }, hasKeys);
      expect(['', 'encrypted', 'bound'].map((text) => requirement(text))).toEqual([
        null,
        'encrypted',
        'bound',
      ]);
      expect(() => requirement('yes')).toThrow(/expected encrypted or bound/);
      expect(() => requirement('bound', false)).toThrow(/CED_PAYLOAD_KEYS is not/);
    });
  });

  it.each([
    [`k=${first},broken`, /entry 2 of 2 is not id=base64 of 32 bytes/],
    ['k=c2hvcnQ=', /entry 1 of 1/],
    [`k=${first},k=${second}`, /key id k stands there twice/],
  ])('are refused with keys like %#', async (keys, message) => {
    await expect(payloadKeys({ CED_PAYLOAD_KEYS: keys })).rejects.toThrow(message);
    await expect(payloadKeys({ CED_PAYLOAD_KEYS: keys })).rejects.not.toThrow(first);
  });

  it('are off without keys', async () => {
    expect(await payloadKeys({})).toBeNull();
  });
});

describe('the codec server', () => {
  const origin = 'http://127.0.0.1:8233';
  const post = async (path: string, body: unknown, from = origin): Promise<Response> => {
    const server = codecServer(await codec(`k=${first}`), origin);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      return await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { origin: from },
        body: JSON.stringify(body),
      });
    } finally {
      server.close();
    }
  };
  const asJson = (payloads: readonly Payload[]): unknown => ({
    payloads: payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(
        Object.entries(metadata ?? {}).map(([name, bytes]) => [
          name,
          Buffer.from(bytes).toString('base64'),
        ]),
      ),
      data: Buffer.from(data ?? []).toString('base64'),
    })),
  });

  it('decodes for the web interface', async () => {
    const encrypted = await (await codec(`k=${first}`)).encode([payload({ hello: 'world' })]);
    const response = await post('/decode', asJson(encrypted));
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    const { payloads } = (await response.json()) as { payloads: { data: string }[] };
    expect(JSON.parse(Buffer.from(payloads[0]!.data, 'base64').toString())).toEqual({
      hello: 'world',
    });
  });

  it('refuses pages of other origins, other paths and what is no payload', async () => {
    expect((await post('/decode', { payloads: [] }, 'https://elsewhere.example')).status).toBe(403);
    expect((await post('/steal', { payloads: [] })).status).toBe(404);
    const encrypted = await (await codec(`other=${second}`)).encode([payload(1)]);
    const refused = await post('/decode', asJson(encrypted));
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringContaining('key other'),
    ]);
  });
});
