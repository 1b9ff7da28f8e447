/**
 * Links of a report to other files of its store. They are relative, so that they work in any copy
 * of the store, and start from the run's own folder; the copy of the latest report lies one folder
 * above that.
 */

/** From `runs/<run>/<workflowRunId>/` to the store. */
export const TO_STORE = '../../../';
const TO_STORE_OF_LATEST = '../../';

/** The page for `runs/<run>/report.html`. No text of a page holds a quotation mark (html.ts). */
export function latestPage(page: string): string {
  return page.replaceAll(`href="${TO_STORE}`, `href="${TO_STORE_OF_LATEST}`);
}
