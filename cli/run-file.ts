/** The run file as the commands here need it: checked before a server or a worker is started, with the very words the workflow would use. */
import { readFileSync } from 'node:fs';
import { distillRunSchema, parseRun, teachRunSchema, type DistillRun, type TeachRun } from '../workflows/contract/run-file';
import { runFileInvalid, UsageError } from './failure';

export type WorkflowType = 'distill' | 'teach';

/** @throws {UsageError} naming the file and what is wrong with it, every problem of an invalid one */
export function readRunFile(path: string, type: WorkflowType): DistillRun | TeachRun {
  const json = parseJson(path, readText(path));
  const parsed = type === 'distill' ? parseRun(distillRunSchema, json) : parseRun(teachRunSchema, json);
  if ('run' in parsed) return parsed.run;
  throw new UsageError(runFileInvalid(parsed.problems));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`run file ${path} cannot be read (${code}); name another with --run FILE`, { cause: error });
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`run file ${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
