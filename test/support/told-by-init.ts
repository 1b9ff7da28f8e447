import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ced } from '../../cli/main';
import { parseVocabularyCsv } from '../../ced/teachers/vocabulary';

/** What `ced init --json` prints. */
export interface ToldByInit {
  found: { layout: string; clips: number; classes: number; splits: Record<string, number> };
  folder: string;
  notes: string[];
  reasons: string[];
  commands: string[];
  check: string;
}

/** Runs `ced init` with these arguments and `--json`. */
export async function toldByInit(...args: string[]): Promise<ToldByInit> {
  let text = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((part) => {
    text += String(part);
    return true;
  });
  try {
    await ced(['init', ...args, '--json']);
  } finally {
    write.mockRestore();
  }
  return JSON.parse(text) as ToldByInit;
}

/** Names of the classes in a project's list, in order. */
export function classesOf(project: string): string[] {
  const list = readFileSync(join(project, 'labels.csv'), 'utf8');
  return parseVocabularyCsv(list).map(({ name }) => name);
}

/** Writes a file, and the folders above it. */
export function putFile(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
