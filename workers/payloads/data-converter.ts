/** What workers and clients hand to Temporal's SDK: nothing where no keys are set. */
import type { DataConverter } from '@temporalio/common';
import { AesGcmCodec } from './aes-gcm-codec';
import { payloadKeys } from './keys';
import { payloadRequirement } from './requirement';

export async function dataConverter(
  environment: NodeJS.ProcessEnv,
): Promise<{ dataConverter?: DataConverter }> {
  const keys = await payloadKeys(environment);
  const required = payloadRequirement(environment, keys !== null);
  return keys === null
    ? {}
    : { dataConverter: { payloadCodecs: [new AesGcmCodec(keys, required)] } };
}
