/**
 * `runs/<run>/students/<name>/README.md`: leads people from a student's name to its model, which is
 * stored under a hash. Programs read `result.json`.
 */
import type { RunResult } from '../workflows/contract/activities';
import { formatParameters, formatScore } from './number-format';

/** @param student of the run's latest result */
export function studentPage(
  run: string,
  { name, parameters, mAP, checkpoint }: RunResult['students'][number],
): string {
  return `# ${name}

Student of the run \`${run}\`, of ${formatParameters(parameters)} parameters, eval mAP
${formatScore(mAP)}. The model is in [${checkpoint}](../../../../${checkpoint}/README.md).

\`ced\` finds it by this folder's name:

    npx ced tag recording.wav --model STORE/runs/${run}/students/${name}

The next run of this name replaces this page. Models are kept under their hashes.
`;
}
