/**
 * What `docs/` still tells of a study whose store is elsewhere: every seed's score from the plot of
 * a question, to 0.0001, the minutes of an arm and a question's section from the page. This tool
 * wrote all of it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from './evidence';

/** Scores by the label of their row, in the order of seeds. */
export type PlottedScores = ReadonlyMap<string, readonly number[]>;

export interface PublishedQuestion {
  /** Of the overview. */
  readonly row: string;
  readonly section: string;
}

const NOT_RUN: Outcome = 'not run yet';

export class PublishedStudy {
  private constructor(
    private readonly docs: string,
    private readonly page: string,
  ) {}

  /** null if there is no page. */
  static open(root: string): PublishedStudy | null {
    const docs = join(root, 'docs');
    const page = join(docs, 'results.md');
    return existsSync(page) ? new PublishedStudy(docs, readFileSync(page, 'utf8')) : null;
  }

  scores(questionId: string): PlottedScores {
    const plot = join(this.docs, 'results', `${questionId}.svg`);
    return existsSync(plot) ? plottedScores(readFileSync(plot, 'utf8')) : new Map();
  }

  minutes(armId: string): number | null {
    const row = this.page.split('\n').find((line) => line.includes(`run-files/${armId}.json)`));
    const minutes = Number.parseFloat(row?.split(' | ')[5] ?? '');
    return Number.isNaN(minutes) ? null : minutes;
  }

  /** The row and the section of a question that was run; null without one. */
  question(title: string): PublishedQuestion | null {
    const row = this.page.split('\n').find((line) => line.startsWith(`| [${title}](`));
    if (row === undefined || row.includes(`**${NOT_RUN}**`)) return null;
    const section = this.page.split(/^(?=## )/m).find((each) => each.startsWith(`## ${title}\n`));
    return section === undefined ? null : { row, section: `${section.trimEnd()}\n` };
  }

  get ensembleMAP(): number | null {
    const found = /together\s+(\d\.\d+)\s+eval/.exec(this.page)?.[1];
    return found === undefined ? null : Number(found);
  }
}

/** Reads back what `dotPlot` drew; nothing if its axis has fewer than two ticks. */
export function plottedScores(svg: string): PlottedScores {
  const ticks = [...svg.matchAll(/class="tick" x="([\d.]+)"[^>]*>(\d\.\d+)</g)].map(
    ([, x, value]) => ({ x: Number(x), value: Number(value) }),
  );
  const [first, last] = [ticks[0], ticks.at(-1)];
  if (first === undefined || last === undefined || first.x === last.x) return new Map();
  const scale = (last.value - first.value) / (last.x - first.x);
  const rows = svg.split(/(?=<text x="[\d.]+" y="[\d.]+" text-anchor="end">)/).slice(1);
  return new Map(
    rows.map((row) => [
      unescape(row.slice(row.indexOf('>') + 1, row.indexOf('</text>'))),
      [...row.matchAll(/<circle cx="([\d.]+)"/g)].map(
        ([, x]) => first.value + (Number(x) - first.x) * scale,
      ),
    ]),
  );
}

function unescape(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&amp;', '&');
}
