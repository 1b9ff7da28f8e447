/**
 * The key file that GOOGLE_APPLICATION_CREDENTIALS names, checked when a client is made. The client
 * itself reads it in the middle of a request: if the file is missing, an upload of 100 kB fails
 * with a message about a destroyed stream; if it is not JSON, the error quotes it. Neither error
 * looks permanent.
 */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Storage } from '@google-cloud/storage';
import { PermanentError } from '../../workflows/contract/failures';

const keySchema = z.looseObject({ private_key: z.exactOptional(z.string()) });

/** Where the client looks, in its order; '' = nowhere, then other credentials are tried. */
export function keyFileIn(environment: NodeJS.ProcessEnv): string {
  return (
    environment['GOOGLE_APPLICATION_CREDENTIALS'] ||
    environment['google_application_credentials'] ||
    ''
  );
}

/**
 * @throws {PermanentError} StorageDenied naming the file. The message contains nothing of the file,
 * and no error that quotes it is kept as a cause.
 */
export function checkKeyFile(path: string, client: Storage): void {
  const problem = problemOf(path, client);
  if (problem === null) return;
  throw new PermanentError(
    'StorageDenied',
    `GOOGLE_APPLICATION_CREDENTIALS: ${path} ${problem}; name a key file, or unset it and ` +
      'run `gcloud auth application-default login`',
  );
}

function problemOf(path: string, client: Storage): string | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return `cannot be read (${(error as NodeJS.ErrnoException).code})`;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  try {
    const key = keySchema.parse(json);
    client.authClient.fromJSON(key);
    if (key.private_key !== undefined) createPrivateKey(key.private_key);
  } catch {
    return 'holds no credential that can be used';
  }
  return null;
}
