/** Follows a run to its end with live lines. */
import { Client, Connection } from '@temporalio/client';
import type { RunResult } from '../../workflows/contract/activities';
import { dataConverter } from '../../workers/payloads/data-converter';
import type { TemporalSettings } from '../../workers/temporal-settings';
import type { Unchanged } from '../../workflows/contract/promotion';
import { UsageError } from '../../infra/command-line/usage-error';
import { asTypedHere } from '../../infra/package-root';
import type { LiveDisplay } from './live-display';
import { liveLines } from './live-lines';
import type { RunView } from './run-view';
import { followStatus } from './status-feed';
import { asTyped } from './temporal-command';

/** @throws {UsageError} one line with the remedy when no server answers */
export async function connect({
  address,
  namespace,
  connection: options,
}: TemporalSettings): Promise<{ client: Client; close: () => Promise<void> }> {
  const connection = await Connection.connect({ ...options, connectTimeout: '5s' }).catch(
    (error: unknown) => {
      throw new UsageError(
        `no Temporal server answers at ${address}; start one with \`npm run server\`, ` +
          'or name yours with --address',
        {
          cause: error,
        },
      );
    },
  );
  return {
    client: new Client({ connection, namespace, ...(await dataConverter(process.env)) }),
    close: () => connection.close(),
  };
}

/**
 * @param hasOwnWorkers workers were just started for it and will poll in some seconds
 * @returns the run's result (for a retraining without anything new, that), or null when `signal` is
 *   aborted first
 * @throws {WorkflowFailedError} when the run failed
 */
export async function followRun(
  client: Client,
  workflowId: string,
  display: LiveDisplay,
  signal: AbortSignal,
  hasOwnWorkers = false,
): Promise<RunResult | Unchanged | null> {
  const told = new Set<string>();
  const show = (view: RunView): void => {
    const news = (view.status.notes ?? []).filter((note) => !told.has(note));
    for (const note of news) display.note(`Note: ${typedHere(note)}`);
    for (const note of news) told.add(note);
    display.show(liveLines(view));
  };
  const tell = (why: string): void => {
    if (!told.has(why)) display.note(typedHere(why));
    told.add(why);
  };
  await followStatus(client, workflowId, show, signal, tell, hasOwnWorkers).finally(() =>
    display.keep(),
  );
  if (signal.aborted) return null;
  return (await client.workflow.getHandle(workflowId).result()) as RunResult | Unchanged;
}

/** A sentence that a run or its watch tells, with commands that can be pasted here. */
function typedHere(text: string): string {
  return asTyped(asTypedHere(text));
}
