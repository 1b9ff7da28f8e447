import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runFileReference } from '../../tools/run-file-reference';
import { repositoryRoot } from '../../infra/toolchain';

describe('docs/run-file.md', () => {
  it('says what the schemas say (npm run docs writes it)', () => {
    expect(readFileSync(join(repositoryRoot, 'docs/run-file.md'), 'utf8')).toBe(runFileReference());
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
