/**
 * Reads and checks a run file before a server or a worker is started, with the same messages as the
 * workflow.
 */
import { readFileSync } from 'node:fs';
import {
  distillRunSchema,
  retrainRunSchema,
  type DistillRun,
  teachRunSchema,
  type TeachRun,
} from '../../workflows/contract/run-file';
import { parseRun } from '../../workflows/contract/parse-run';
import type { Split } from '../../workflows/contract/models';
import { UsageError } from '../../infra/command-line/usage-error';
import { runFileInvalid } from '../failure';

export type WorkflowType = 'distill' | 'retrain' | 'teach';

const SCHEMAS = {
  distill: distillRunSchema,
  retrain: retrainRunSchema,
  teach: teachRunSchema,
} as const;

/** @throws {UsageError} that names the file and every problem of it */
export function readRunFile(path: string, type: WorkflowType): DistillRun | TeachRun {
  const parsed = parseRun<(typeof SCHEMAS)[WorkflowType]>(SCHEMAS[type], readRunJson(path));
  if ('run' in parsed) return parsed.run;
  throw new UsageError(runFileInvalid(parsed.problems));
}

/** The JSON of the file, without defaults. @throws {UsageError} */
export function readRunJson(path: string): unknown {
  return parseJson(path, readText(path));
}

/** The tables of a run by split, without those that it leaves out. */
export function tablesOf({ corpus }: DistillRun | TeachRun): Partial<Record<Split, string>> {
  const { train, validation, eval: evaluation } = corpus;
  return {
    train,
    ...(validation ? { validation } : {}),
    ...(evaluation ? { eval: evaluation } : {}),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `run file ${path} cannot be read (${code}); name another with --run FILE`,
      { cause: error },
    );
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`run file ${path} is not JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
