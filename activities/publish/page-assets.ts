/** Reads the style sheets and scripts that every report carries: the page's own, and uPlot's. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PageAssets } from '../../report/report-page';

/** The page's own files lie beside the report's code, in the sources and in `dist/`. */
const REPORT = join(__dirname, '../../report');

export function readPageAssets(): PageAssets {
  const read = (path: string): string => readFileSync(path, 'utf8');
  return {
    style: read(join(REPORT, 'page.css')),
    script: read(join(REPORT, 'page.js')),
    plotStyle: read(require.resolve('uplot/dist/uPlot.min.css')),
    // Every copy must hold the licence; the minified files hold an address alone.
    plotScript:
      `/*! uPlot, style sheet and script:\n${read(require.resolve('uplot/LICENSE')).trim()}\n*/\n` +
      read(require.resolve('uplot/dist/uPlot.iife.min.js')),
  };
}
