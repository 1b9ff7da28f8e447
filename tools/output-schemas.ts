/**
 * JSON schemas of what the commands print with --json, in docs/json/, from the zod schemas beside
 * the commands. Written by `npm run docs`; a test compares the files, and tests of the commands
 * compare what they print with them.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { corpusOutputSchema, initOutputSchema } from '../cli/corpus/corpus-output';
import {
  embeddedSchema,
  exportedSchema,
  taggedEventSchema,
  taggedFileSchema,
  taggedWindowSchema,
} from '../cli/models/models-output';
import { runOutputSchema, runPlanSchema } from '../cli/run/run-output';
import {
  championSchema,
  comparisonSchema,
  clipLogitsSchema,
  logitsSurveySchema,
  storeGarbageSchema,
  storeUseSchema,
  storeVerificationSchema,
} from '../cli/store/store-output';
import { teacherCheckSchema } from './teacher-check/check-output';

const OUTPUTS: Readonly<Record<string, z.ZodType>> = {
  champion: championSchema,
  corpus: corpusOutputSchema,
  embed: embeddedSchema,
  export: exportedSchema,
  init: initOutputSchema,
  logits: logitsSurveySchema,
  'logits-clip': clipLogitsSchema,
  plan: runPlanSchema,
  report: comparisonSchema,
  run: runOutputSchema,
  'store-du': storeUseSchema,
  'store-gc': storeGarbageSchema,
  'store-verify': storeVerificationSchema,
  tag: taggedFileSchema,
  'tag-events': taggedEventSchema,
  'tag-stream': taggedWindowSchema,
  'teacher-check': teacherCheckSchema,
};

/** Text of each file, by its name in docs/json/. */
export function outputSchemas(): Map<string, string> {
  return new Map(
    Object.entries(OUTPUTS).map(([name, schema]) => [
      `${name}.schema.json`,
      `${JSON.stringify(z.toJSONSchema(schema, { io: 'output' }), null, 2)}\n`,
    ]),
  );
}

/** @param folder docs/json */
export function writeOutputSchemas(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of outputSchemas()) writeFileSync(join(folder, name), text);
}
