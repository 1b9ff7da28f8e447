/** File number n of a format: the same for the same seed, on every machine. */
import { streamKey } from '../../../ced/augment/random';
import { Draws } from '../draws';
import type { Forgery, StructuredFormat } from './forgery';

export async function forgedFile(
  format: StructuredFormat,
  name: string,
  seed: number,
  number: number,
): Promise<Forgery> {
  return await format.forge(new Draws(streamKey(`lies ${name}`, seed), number));
}
