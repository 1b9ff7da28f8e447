import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Client } from '@temporalio/client';
import { temporal as api } from '@temporalio/proto';
import { AesGcmCodec } from '../../workers/payloads/aes-gcm-codec';
import { payloadKeys } from '../../workers/payloads/keys';
import { childrenOf, Cluster } from '../support/cluster';
import { writeToneCorpus, type ToneCorpus } from '../support/tone-corpus';

const PRIVATE_KEY = 'planted-private-key';
const TOKEN = 'planted-token';
const SIGNATURE = 'planted-signature';
const PASSWORD = 'planted-password';
const PAYLOAD_KEY = randomBytes(32).toString('base64');
const SECRETS = [PRIVATE_KEY, TOKEN, SIGNATURE, PASSWORD, PAYLOAD_KEY];

const ADDRESSES = [
  `https://reader:${PASSWORD}@example.org/a.wav`,
  `https://example.org/b.wav?X-Goog-Signature=${SIGNATURE}`,
];
/** Files into which the secrets were put, and the tables that hold them. */
const PLANTED = ['account.json', 'planted.jsonl', 'planted-alone.jsonl'];

/**
 * Secrets in a worker's environment and in its users' tables; runs that end well and badly. Looked
 * for in all that is left behind.
 */
describe('secrets planted in a worker’s environment and in a table', () => {
  let cluster: Cluster;
  let client: Client;
  let codec: AesGcmCodec;
  let corpus: ToneCorpus;
  let worker: ChildProcess;
  let printed = '';

  beforeAll(async () => {
    cluster = await Cluster.start();
    corpus = writeToneCorpus(cluster.folder, { train: 16, validation: 8, eval: 8 });
    const planted =
      ADDRESSES.map((audio, row) =>
        JSON.stringify({ clip: `planted-${row}`, audio, labels: ['Noise'] }),
      ).join('\n') + '\n';
    writeFileSync(join(cluster.folder, 'planted-alone.jsonl'), planted);
    writeFileSync(
      join(cluster.folder, 'planted.jsonl'),
      readFileSync(join(cluster.folder, corpus.train), 'utf8') + planted,
    );
    const account = join(cluster.folder, 'account.json');
    writeFileSync(
      account,
      JSON.stringify({
        type: 'service_account',
        project_id: 'p',
        client_email: 'w@p.iam.gserviceaccount.com',
        private_key: `-----BEGIN PRIVATE KEY-----\n${PRIVATE_KEY}\n-----END PRIVATE KEY-----\n`,
      }),
    );
    const keys = { CED_PAYLOAD_KEYS: `k=${PAYLOAD_KEY}` };
    const environment = { ...keys, GOOGLE_APPLICATION_CREDENTIALS: account, HF_TOKEN: TOKEN };
    worker = await cluster.worker('all', { environment });
    worker.stdout?.on('data', (text: Buffer) => (printed += text.toString()));
    codec = new AesGcmCodec((await payloadKeys(keys))!);
    client = new Client({
      connection: cluster.client.connection,
      dataConverter: { payloadCodecs: [codec] },
    });
  });
  afterAll(async () => await cluster?.stop(), 60_000);

  function runFile(name: string, store: string, train: string, maxRejected: number): object {
    const teacher = {
      name: 't',
      model: { embedDim: 32, depth: 1, heads: 2 },
      epochs: 1,
      batchSize: 8,
      warmupSteps: 1,
      mixup: 0,
    };
    return {
      name,
      store,
      corpus: { ...corpus, train, maxRejected },
      chunkSeconds: 1,
      teachers: [teacher],
    };
  }

  async function teach(
    workflowId: string,
    store: string,
    train: string,
    maxRejected: number,
  ): Promise<string> {
    const args = [runFile(workflowId, store, train, maxRejected)];
    const outcome: unknown = await client.workflow
      .execute('teach', { taskQueue: 'ced', workflowId, args })
      .catch((error: unknown) => error);
    return inspect(outcome, { depth: 20 });
  }

  /** The history as the server keeps it, and every payload in it as the key's owner reads it. */
  async function historyOf(workflowId: string): Promise<string> {
    const history = await client.workflow.getHandle(workflowId).fetchHistory();
    const opened = await codec.decode(payloadsIn(history));
    return [
      api.api.history.v1.History.encode(history).finish(),
      ...opened.map(({ data }) => data ?? new Uint8Array()),
    ]
      .map((bytes) => Buffer.from(bytes).toString('latin1'))
      .join('\n');
  }

  it('are in no history, log, error, result, object or environment of an engine', async () => {
    let environment = '';
    const keepEnginesEnvironment = (): void => {
      for (const child of childrenOf(worker.pid ?? 0))
        environment += readFileSync(`/proc/${child}/environ`, 'latin1');
    };
    const outcomes = {
      good: await teach('good', 'store-good', 'planted.jsonl', 0.5).finally(keepEnginesEnvironment),
      rejected: await teach('rejected', 'store-rejected', 'planted-alone.jsonl', 0),
      // With a key that signs nothing.
      denied: await teach('denied', 'gs://planted-bucket/store', corpus.train, 0),
    };
    expect(outcomes.good).toContain("name: 't'");
    expect(outcomes.rejected).toContain('its address carries a credential');
    expect(outcomes.denied).toMatch(
      /StorageDenied[^]*account\.json holds no credential that can be used/,
    );
    const left: Record<string, string> = { printed, "the engine's environment": environment };
    expect(environment).toContain('CED_ROOT=');
    for (const [workflowId, outcome] of Object.entries(outcomes)) {
      left[`outcome of ${workflowId}`] = outcome;
      left[`history of ${workflowId}`] = await historyOf(workflowId);
      expect(left[`history of ${workflowId}`]).toContain('corpus');
    }
    for (const name of readdirSync(cluster.folder, { recursive: true, encoding: 'utf8' })) {
      const path = join(cluster.folder, name);
      if (!PLANTED.includes(name) && statSync(path).isFile())
        left[name] = readFileSync(path, 'latin1');
    }
    expect(Object.keys(left)).toEqual(
      expect.arrayContaining([
        'worker-all.log',
        'server.log',
        'temporal.db',
        'store-good/runs/good/result.json',
      ]),
    );
    expect(left['store-good/runs/good/report.html']).toContain('planted-0');
    const leaks = Object.entries(left).flatMap(([place, text]) =>
      SECRETS.filter((secret) => text.includes(secret)).map((secret) => `${secret} in ${place}`),
    );
    expect(leaks).toEqual([]);
  });
});

function payloadsIn(value: unknown): api.api.common.v1.IPayload[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  if ('metadata' in value && 'data' in value) return [value as api.api.common.v1.IPayload];
  return Object.values(value).flatMap(payloadsIn);
}
