/** What fields of several sections are made of. */
import { z } from 'zod';
import { carriesCredential, CREDENTIAL_REFUSED } from '../credentials';

export const name = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/,
    'expected 1 to 64 of a-z, 0-9 and -, not at either end a -',
  );
export const place = z
  .string()
  .min(1, 'expected a path or URI')
  .refine((address) => !carriesCredential(address), CREDENTIAL_REFUSED);
export const count = z.number().int().min(1);
export const fraction = z.number().min(0).max(1);
export const seed = z.number().int().min(0).max(0xffffffff);
export const precision = z.enum(['float32', 'bfloat16']).default('float32');
export const chunkSeconds = z.number().min(0.2).max(60).default(10);
export const store = place.describe(
  'Folder (or gs://bucket/prefix) below which every artifact lives.',
);
export const resume = z
  .enum(['continue', 'exact'])
  .default('continue')
  .describe('exact = refuse to go on on another kind of machine.');
