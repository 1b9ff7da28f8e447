import { join } from 'node:path';
import { readPageAssets } from '../../activities/publish/page-assets';
import { repositoryRoot } from '../../infra/toolchain';

describe('the style sheets and scripts of a report', () => {
  const assets = readPageAssets();

  it('are the same for a worker that runs the compiled code', async () => {
    const compiled = (await import(
      join(repositoryRoot, 'dist/activities/publish/page-assets.js')
    )) as { readPageAssets: typeof readPageAssets };
    expect(compiled.readPageAssets()).toEqual(assets);
  });

  it('can stand in a page: none closes its element or names an address to load', () => {
    for (const text of Object.values(assets)) {
      expect(text).not.toMatch(/<\/(script|style)/i);
      expect(text).not.toMatch(/url\(|@import/);
    }
  });
});
