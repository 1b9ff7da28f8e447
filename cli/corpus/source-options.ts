/** Options of commands that read a corpus as a worker would: where they may go, and who pays. */
import type { SourceOptions } from '../../storage/sources/source';

export const sourceOptions = {
  'allow-private-hosts': { type: 'boolean' },
  'user-project': { type: 'string' },
} as const;

export const SOURCE_HELP = `  --allow-private-hosts   read from http:// and from private addresses too
  --user-project P        project that pays for requester-pays buckets`;

interface SourceValues {
  'allow-private-hosts'?: boolean | undefined;
  'user-project'?: string | undefined;
}

export function sourcesOf(
  values: SourceValues,
  environment: NodeJS.ProcessEnv = process.env,
): SourceOptions {
  return {
    allowPrivateHosts: values['allow-private-hosts'] === true,
    userProject: values['user-project'],
    ...(environment['HF_ENDPOINT'] ? { hub: environment['HF_ENDPOINT'] } : {}),
  };
}
