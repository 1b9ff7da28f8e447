import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ced } from '../../cli/main';
import { parseVocabularyCsv } from '../../ced/teachers/vocabulary';
import { noiseWav } from './noise-wav';
import { documentedOutput } from './documented-output';

/** What `ced init --json` prints. */
export interface ToldByInit {
  found: { layout: string; clips: number; classes: number; splits: Record<string, number> };
  folder: string;
  files: string[];
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
  return documentedOutput<ToldByInit>('init', text);
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

/** A new folder, in which `ced` has its cache until it is removed. */
export function folderWithCache(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  process.env['CED_CACHE'] = join(folder, 'cache');
  return folder;
}

export function removeWithCache(folder: string): void {
  delete process.env['CED_CACHE'];
  rmSync(folder, { recursive: true, force: true });
}

/** A row of a table that `ced init` writes. */
export interface InitRow {
  clip: string;
  audio: string;
  labels?: string[];
}

/** What tests of `ced init` do in their folder, whose `project` it writes. */
export interface InitFolder {
  /** Writes a second of noise that differs from content to content. */
  putAudio: (path: string, content?: string) => void;
  putText: (path: string, text: string) => void;
  init: (source: string, ...options: string[]) => Promise<ToldByInit>;
  /** A file of the project. */
  read: (file: string) => string;
  rows: (split: string) => InitRow[];
}

export function initIn(folder: () => string): InitFolder {
  const read = (file: string): string => readFileSync(join(folder(), 'project', file), 'utf8');
  return {
    putAudio: (path, content = path) => putFile(join(folder(), path), noiseWav(content, 1)),
    putText: (path, text) => putFile(join(folder(), path), text),
    init: async (source, ...options) =>
      await toldByInit(join(folder(), source), '--out', join(folder(), 'project'), ...options),
    read,
    rows: (split) =>
      read(`${split}.jsonl`)
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as InitRow),
  };
}
