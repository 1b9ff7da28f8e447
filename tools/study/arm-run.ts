/**
 * One arm under one seed as a run file. Its name contains a hash of its content, so a result in the
 * store under that name is the result of exactly this run, and the study resumes without any other
 * record.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { layout } from '../../storage/layout';
import { decodeRecord } from '../../storage/record';
import { resultRecord } from '../../storage/run-result';
import type { RunResult } from '../../workflows/contract/activities';
import { STORE } from './base-run';
import type { Arm, Question } from './experiment';
import { LOOKS } from './sequential-test';

export interface ArmRun {
  readonly arm: Arm;
  readonly seed: number;
  readonly type: 'distill' | 'teach';
  readonly name: string;
  readonly run: object;
}

/** Arms share a teacher that is trained once, under this seed. */
export const FIRST_SEED = 1;

/** @returns null while the arm that this one needs has no result */
export function armRun(root: string, arm: Arm, seed: number): ArmRun | null {
  const needed = arm.needs === undefined ? null : resultOf(root, arm.needs, FIRST_SEED);
  if (arm.needs !== undefined && needed === null) return null;
  const { type, run } = arm.make(seed, needed);
  const hash = createHash('sha256').update(JSON.stringify({ type, run })).digest('hex').slice(0, 8);
  const name = `study-${arm.id}-${seed}-${hash}`;
  return { arm, seed, type, name, run: { name, ...run } };
}

export function resultOf(root: string, arm: Arm, seed: number): RunResult | null {
  const made = armRun(root, arm, seed);
  if (made === null) return null;
  const key = layout.latest(made.name, 'result.json');
  const path = join(root, STORE, key);
  return existsSync(path)
    ? decodeRecord({ uri: STORE }, key, resultRecord, readFileSync(path)).value
    : null;
}

/** @returns its path from the root, for the Temporal CLI */
export function writeRunFile(root: string, { name, run }: ArmRun): string {
  const path = join(STORE, 'run-files', `${name}.json`);
  mkdirSync(join(root, dirname(path)), { recursive: true });
  writeFileSync(join(root, path), `${JSON.stringify(run, null, 2)}\n`);
  return path;
}

/**
 * Arms and seeds in running order: look by look (sequential-test.ts), in each question by question,
 * each arm after the arm it needs.
 */
export function order(
  questions: readonly Question[],
  seeds: readonly number[],
): { arm: Arm; seed: number }[] {
  const runs: { arm: Arm; seed: number }[] = [];
  const add = (arm: Arm, seed: number): void => {
    if (arm.needs !== undefined) add(arm.needs, FIRST_SEED);
    if (!runs.some((known) => known.arm.id === arm.id && known.seed === seed))
      runs.push({ arm, seed });
  };
  for (const [index, look] of [...LOOKS, Infinity].entries()) {
    const added = seeds.filter((seed) => seed > (LOOKS[index - 1] ?? 0) && seed <= look);
    for (const { reference, comparisons } of questions)
      for (const arm of [reference, ...comparisons.map((comparison) => comparison.arm)])
        for (const seed of added) add(arm, seed);
  }
  return runs;
}

/**
 * Removes the first run whose needs are met from the list and returns it; null without one. Runs
 * that nothing needs any more are removed before.
 * @param isWanted asked when the turn of a run has come: it reads the results of those before
 */
export function takeReady(
  root: string,
  pending: { arm: Arm; seed: number }[],
  isWanted: (arm: Arm, seed: number) => boolean = () => true,
): ArmRun | null {
  for (let index = 0; index < pending.length;) {
    const { arm, seed } = pending[index]!;
    if (!isWanted(arm, seed)) {
      pending.splice(index, 1);
      continue;
    }
    const made = armRun(root, arm, seed);
    if (made === null) {
      index++;
      continue;
    }
    pending.splice(index, 1);
    return made;
  }
  return null;
}
