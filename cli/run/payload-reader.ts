/**
 * Decodes payloads that the SDK returns raw (heartbeat details, histories) with the client's codec
 * and converter.
 */
import type { Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';

export type PayloadReader = (payload: Payload) => Promise<unknown>;

export function payloadReader(client: Client): PayloadReader {
  const { payloadConverter, payloadCodecs } = client.options.loadedDataConverter;
  return async (payload) => {
    let opened = [payload];
    for (const codec of [...payloadCodecs].reverse()) opened = await codec.decode(opened);
    return payloadConverter.fromPayload(opened[0] ?? payload);
  };
}
