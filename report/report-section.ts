/**
 * One section of the report. A new section is a function from the report's data to this, added to
 * the list in report-page.ts.
 */
import type { Html } from './html';

/** A section's heading and content; null where the run has nothing to show in it. */
export interface Section {
  id: string;
  title: string;
  /** A sentence on how to read it. */
  note?: string;
  content: Html;
}
