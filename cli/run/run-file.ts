/**
 * The run file as the commands here need it: checked before a server or a worker is started, with
 * the very words the workflow would use.
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
import { runFileInvalid, UsageError } from '../failure';

export type WorkflowType = 'distill' | 'retrain' | 'teach';

const SCHEMAS = {
  distill: distillRunSchema,
  retrain: retrainRunSchema,
  teach: teachRunSchema,
} as const;

/**
 * @throws {UsageError} naming the file and what is wrong with it, every problem of an invalid one
 */
export function readRunFile(path: string, type: WorkflowType): DistillRun | TeachRun {
  const parsed = parseRun<(typeof SCHEMAS)[WorkflowType]>(SCHEMAS[type], readRunJson(path));
  if ('run' in parsed) return parsed.run;
  throw new UsageError(runFileInvalid(parsed.problems));
}

/** As it stands in the file, what it leaves out left out. @throws {UsageError} */
export function readRunJson(path: string): unknown {
  return parseJson(path, readText(path));
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
