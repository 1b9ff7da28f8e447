import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';
import { outputSchemas } from '../../tools/output-schemas';

const FOLDER = join(repositoryRoot, 'docs', 'json');

describe('docs/json', () => {
  it('says what the schemas of the commands say (npm run docs writes it)', () => {
    expect(readdirSync(FOLDER).sort()).toEqual([...outputSchemas().keys()].sort());
    for (const [name, text] of outputSchemas())
      expect(readFileSync(join(FOLDER, name), 'utf8')).toBe(text);
  });

  it('names the command of each schema, and asks for a version of every object', () => {
    for (const [name, text] of outputSchemas()) {
      const { description, items, anyOf, ...schema } = JSON.parse(text) as JsonSchema;
      expect(`${name}: ${description}`).toMatch(/: (ced|npm) .*--json/);
      for (const object of anyOf ?? [items ?? schema])
        expect(object).toMatchObject({
          properties: { formatVersion: { const: 1 } },
          required: expect.arrayContaining(['formatVersion']) as unknown,
        });
    }
  });
});

interface JsonSchema {
  description: string;
  items?: object;
  anyOf?: object[];
}
