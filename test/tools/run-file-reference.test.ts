import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runFileReference } from '../../tools/run-file-reference';
import { repositoryRoot } from '../../infra/toolchain';

describe('docs/run-file.md', () => {
  it('says what the schemas say (npm run docs writes it)', () => {
    expect(readFileSync(join(repositoryRoot, 'docs/run-file.md'), 'utf8')).toBe(runFileReference());
  });

  it('says of what characters a name is, wherever there is one', () => {
    const names = runFileReference()
      .split('\n')
      .filter((line) => /^\| `(\w+\[\]\.)?name` \|/.test(line));
    expect(names.length).toBeGreaterThan(5);
    for (const line of names)
      expect(line).toContain('| string of 1 to 64 of a-z, 0-9 and -, not at either end a - |');
  });

  it('describes every leaf', () => {
    const undescribed = runFileReference()
      .split('\n')
      .filter((line) =>
        /^\| `[^`]+` \| (string|integer|number|boolean|`)[^|]*\|[^|]*\|\s*\|$/.test(line),
      );
    expect(undescribed).toEqual([]);
  });
});
