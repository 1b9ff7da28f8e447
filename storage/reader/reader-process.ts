/**
 * A process that decodes one untrusted file, answers and ends. A malicious file can harm only this
 * process: it has no credentials, serves no other request, and is the first that the kernel kills
 * when memory runs out.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { FormatInvalid } from '../../ced/format-invalid';
import { sha256 } from '../store';
import { decodings, type DecodingKind } from './decodings';

export interface ReaderOrder {
  kind: DecodingKind;
  path: string;
  /** What the decoding is told beside the file. */
  question?: unknown;
  largestBytes: number;
}

export type ReaderAnswer =
  | { value: unknown; sha256: string }
  /** FormatInvalid: reading it again cannot help. */
  | { refused: string }
  /** Anything else; `code` is that of a failed system call. */
  | { failed: string; code?: string };

async function answer({ kind, path, question, largestBytes }: ReaderOrder): Promise<ReaderAnswer> {
  try {
    const { size } = statSync(path);
    if (size > largestBytes) return { refused: `${path} has ${size} bytes, more than are read` };
    const bytes = readFileSync(path);
    return { value: await decodings[kind](bytes, path, question), sha256: sha256(bytes) };
  } catch (error) {
    if (error instanceof FormatInvalid) return { refused: error.detail };
    const { code, message } = error as NodeJS.ErrnoException;
    return { failed: message, ...(typeof code === 'string' ? { code } : {}) };
  }
}

function volunteerForTheOutOfMemoryKiller(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Not Linux, or not allowed: the limits below still hold.
  }
}

volunteerForTheOutOfMemoryKiller();
process.once('disconnect', () => process.exit());
// Not 'once': a process whose last listener is gone may end before it has an answer.
process.on('message', (order: ReaderOrder) => {
  void answer(order).then((result) => process.send?.(result, () => process.exit()));
});
