/** The sample rates of a run's teachers, and those at which its corpus is kept for them. */
import { z } from 'zod';

/** Of students, of CED teachers, and of teachers that name none. */
const USUAL_RATE = 16_000;
const LOWEST_RATE = 1000;
const HIGHEST_RATE = 192_000;

/** Hz that a teacher may take. */
export const sampleRateSchema = z.number().int().min(LOWEST_RATE).max(HIGHEST_RATE);

/**
 * The rates at which ingest keeps the audio of a run beside 16 kHz.
 * @param teacherRates Hz, of the run's teachers; undefined = 16 kHz
 * @returns in ascending order, each once
 */
export function furtherRates(teacherRates: readonly (number | undefined)[]): number[] {
  return [...new Set(teacherRates)]
    .filter((rate) => rate !== undefined)
    .filter((rate) => rate !== USUAL_RATE)
    .sort((a, b) => a - b);
}

/** The same, of teachers; names of logit shards cover the audio at each (logit-shard-names.ts). */
export function furtherRatesOf(teachers: readonly { sampleRate?: number | undefined }[]): number[] {
  return furtherRates(teachers.map(({ sampleRate }) => sampleRate));
}
