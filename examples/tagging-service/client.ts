/** Uploads a WAV file to the service, once that is ready, and prints what it holds. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TaggedChunk } from 'ced-distillation/tagger';

const READY_WITHIN_SECONDS = 60;

async function untilReady(service: string): Promise<void> {
  for (let waited = 0; ; waited++) {
    try {
      await fetch(`${service}/health`);
      return;
    } catch (error) {
      if (waited === READY_WITHIN_SECONDS) throw error;
      await sleep(1000);
    }
  }
}

async function main(file: string, service: string): Promise<void> {
  await untilReady(service);
  const response = await fetch(`${service}/tags`, { method: 'POST', body: readFileSync(file) });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  const { chunks } = (await response.json()) as { chunks: TaggedChunk[] };
  for (const { start, end, tags } of chunks) {
    const words = tags.map(({ label, probability }) => `${label} ${probability.toFixed(3)}`);
    console.log(`${start}-${end} s: ${words.join(', ')}`);
  }
}

const [file = '', service = 'http://127.0.0.1:8080'] = process.argv.slice(2);
main(file, service).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
