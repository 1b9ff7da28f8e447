/** Compares what commands print with --json with the JSON schemas in docs/json/. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { repositoryRoot } from '../../infra/toolchain';

const schemas = new Map<string, z.ZodType>();

/**
 * The output, parsed; a test fails where the schema refuses it.
 * @param name of `docs/json/<name>.schema.json`
 */
export function documentedOutput<T>(name: string, printed: string): T {
  const output: unknown = JSON.parse(printed);
  const { error } = schemaNamed(name).safeParse(output);
  expect(error?.issues ?? []).toEqual([]);
  return output as T;
}

function schemaNamed(name: string): z.ZodType {
  const file = join(repositoryRoot, 'docs', 'json', `${name}.schema.json`);
  const known =
    schemas.get(name) ??
    z.fromJSONSchema(
      JSON.parse(readFileSync(file, 'utf8')) as Parameters<typeof z.fromJSONSchema>[0],
    );
  schemas.set(name, known);
  return known;
}
