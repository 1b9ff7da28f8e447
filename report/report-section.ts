/**
 * A new section is a function from the report's data to a `Section`, or to null where the run has
 * nothing to show, added to the list in report-page.ts.
 */
import type { Html } from './html';

/** A section's heading and content. */
export interface Section {
  id: string;
  title: string;
  /** A sentence or two on how to read it. */
  note?: string;
  content: Html;
}
