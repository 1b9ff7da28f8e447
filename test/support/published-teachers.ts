/**
 * Two published networks that no repository holds. Where they are not at hand, the tests that need
 * them say that they were left out.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env['CED_TEACHERS'] ?? join(__dirname, '../../../shared/teachers');

export const publishedTeachers = {
  musicnn: join(folder, 'wave_MTT_musicnn.onnx'),
  vgg: join(folder, 'wave_MTT_vgg.onnx'),
  vocabulary: join(folder, 'mtt_labels.csv'),
};

/**
 * `describe` where the networks are, else a test of that name is shown as skipped, with the reason
 * printed.
 */
export function describeWithPublishedTeachers(name: string, tests: () => void): void {
  const missing = Object.values(publishedTeachers).filter((path) => !existsSync(path));
  if (missing.length === 0) return describe(name, tests);
  process.stderr.write(
    `left out: "${name}", because ${missing.join(', ')} is not there; CED_TEACHERS names ` +
      `their folder\n`,
  );
  describe.skip(name, tests);
}
