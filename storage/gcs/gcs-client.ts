/**
 * The one place that makes a Google Cloud Storage client: application-default credentials, or none
 * at all for an emulator. Its own retries are off, because it does not retry a refused upload; ours
 * (retry.ts) are around every call.
 */
import { Storage } from '@google-cloud/storage';
import { checkKeyFile, keyFileIn } from './gcs-key-file';

const EMULATOR = 'STORAGE_EMULATOR_HOST';

const clients = new Map<string, Storage>();

/**
 * One client a process, endpoint and key file: it keeps connections and tokens.
 * @param environment where `STORAGE_EMULATOR_HOST`, with or without its `http://`, and
 *   `GOOGLE_APPLICATION_CREDENTIALS` are looked for
 * @throws {PermanentError} StorageDenied where the key file is missing or broken; an emulator
 *   needs none
 */
export function openGcs(environment: NodeJS.ProcessEnv = process.env): Storage {
  const emulator = environment[EMULATOR] ?? '';
  const keyFile = emulator === '' ? keyFileIn(environment) : '';
  const name = JSON.stringify([emulator, keyFile]);
  const known = clients.get(name);
  if (known) return known;
  const client = newClient(emulator);
  if (keyFile !== '') checkKeyFile(keyFile, client);
  clients.set(name, client);
  return client;
}

function newClient(emulator: string): Storage {
  const retryOptions = { autoRetry: false, maxRetries: 0 };
  // The client misreads the variable (it leaves `/storage/v1` out, and takes an empty one for a
  // host), so it must not see it; child processes still need it afterwards.
  const before = process.env[EMULATOR];
  delete process.env[EMULATOR];
  try {
    if (emulator === '') return new Storage({ retryOptions });
    return new Storage({
      apiEndpoint: /^https?:\/\//.test(emulator) ? emulator : `http://${emulator}`,
      projectId: 'emulator',
      retryOptions,
    });
  } finally {
    if (before !== undefined) process.env[EMULATOR] = before;
  }
}
