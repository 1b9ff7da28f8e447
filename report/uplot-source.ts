/**
 * The chart library as text to be inlined, from the package itself.
 * https://github.com/leeoniya/uPlot (MIT, its notice is kept)
 */
import { readFileSync } from 'node:fs';

export const uPlotScript = readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8');
export const uPlotStyle = readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8');
