/**
 * The scoring rows of `npm run bench -- goals`: what scoring a model on an eval split takes,
 * against the bare forward passes of its clips. The first model of a process brings what the
 * process compiles once; a run scores several models, and predicts logits, in one process.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineEnvironment } from '../ced/engine/environment';
import type { ModelConfig } from '../ced/model/config';
import { MeasuredProcess, type Sample } from './measured-process';
import { prepareScoring } from './scoring/split';

export interface ScoringTimes {
  /** By name of the row, a time for each round. */
  readonly scored: Readonly<Record<'first' | 'next', Sample[]>>;
  readonly passes: Sample[];
}

/** A new process for each round. */
export async function scoringTimes(config: ModelConfig, rounds: number): Promise<ScoringTimes> {
  const folder = mkdtempSync(join(tmpdir(), 'ced-bench-scoring-'));
  const times: ScoringTimes = { scored: { first: [], next: [] }, passes: [] };
  try {
    const work = await prepareScoring(folder, config);
    const worker = join(__dirname, 'scoring', 'worker.js');
    const env = { ...process.env, ...engineEnvironment() };
    for (let round = 0; round < rounds; round++) {
      rmSync(join(work.store, 'scores'), { recursive: true, force: true });
      const measured = await MeasuredProcess.start(
        process.execPath,
        [worker, JSON.stringify(work)],
        env,
      );
      try {
        times.scored.first.push(await measured.run('0'));
        times.scored.next.push(await measured.run('1'));
        times.passes.push(await measured.run('passes'));
      } finally {
        measured.stop();
      }
    }
    return times;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
