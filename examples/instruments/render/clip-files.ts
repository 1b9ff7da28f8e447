import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderClip } from './clip';
import { CLIP_SAMPLES } from './clip-format';
import type { SplitRecipe } from './recipe';
import { clipPath } from './tables';
import { encodeWav, wavBytes } from '../../../ced/audio/wav-file';

/**
 * Clips on disk. A file gets its name when it is complete, so an existing file is not rendered
 * again.
 */

/**
 * Renders a clip unless it exists. @returns the SHA-256 of the file, and whether it was rendered
 */
export async function ensureClip(
  folder: string,
  split: SplitRecipe,
  index: number,
): Promise<{ sha256: string; rendered: boolean }> {
  const file = path.join(folder, clipPath(split, index));
  const present = statSync(file, { throwIfNoEntry: false })?.size === wavBytes(CLIP_SAMPLES);
  const bytes = present ? readFileSync(file) : encodeWav(await renderClip(split, index));
  if (!present) writeWhole(file, bytes);
  return { sha256: createHash('sha256').update(bytes).digest('hex'), rendered: !present };
}

export function writeWhole(file: string, content: string | Buffer): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}.part`;
  writeFileSync(unfinished, content);
  renameSync(unfinished, file);
}
