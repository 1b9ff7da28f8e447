/**
 * Histories of real runs for test/workflows/replay.test.ts, without names of this machine and its
 * folders. Kept only with RECORD_HISTORIES=1.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { repositoryRoot } from '../../infra/toolchain';

export const HISTORIES = join(__dirname, '../workflows/histories');

export async function recordHistory(
  handle: Pick<WorkflowHandle, 'fetchHistory'>,
  name: string,
): Promise<void> {
  if (!process.env['RECORD_HISTORIES']) return;
  const json = historyToJSON(await handle.fetchHistory())
    .replaceAll(/"identity": "[^"]*"/g, '"identity": "worker"')
    .replaceAll(repositoryRoot, '');
  mkdirSync(HISTORIES, { recursive: true });
  writeFileSync(join(HISTORIES, `${name}.json`), json);
}
