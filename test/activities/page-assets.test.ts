import { readFileSync } from 'node:fs';
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

  it("hold uPlot's licence, as every copy must", () => {
    const licence = readFileSync(join(repositoryRoot, 'node_modules/uplot/LICENSE'), 'utf8');
    expect(licence).toMatch(/^The MIT License[^]*Copyright \(c\)/);
    expect(assets.plotScript).toContain(licence.trim());
  });

  it('can stand in a page: none closes its element or names an address to load', () => {
    for (const text of Object.values(assets)) {
      expect(text).not.toMatch(/<\/(script|style)/i);
      expect(text).not.toMatch(/url\(|@import/);
    }
  });
});
