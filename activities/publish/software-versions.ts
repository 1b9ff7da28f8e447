/**
 * Versions of the code that published a run: this package, Node and Temporal's SDK. TensorFlow's
 * version is in each training's checkpoint.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { SoftwareVersions } from '../../report/software-versions';

const packageSchema = z.object({ version: z.string() });

export function softwareVersions(): SoftwareVersions {
  const versionOf = (file: string): string =>
    packageSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).version;
  return {
    ced: versionOf(ownPackage(__dirname)),
    node: process.versions.node,
    temporal: versionOf(require.resolve('@temporalio/activity/package.json')),
  };
}

/** Works from the sources and from `dist/`. */
function ownPackage(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, 'package.json');
    try {
      readFileSync(file);
      return file;
    } catch (error) {
      if (at === dirname(at)) throw error;
    }
  }
}
