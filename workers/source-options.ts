/** Options of programs that read a corpus: which hosts they may reach, and who pays. */
import { text, type Values } from '../infra/command-line/option';
import type { SourceOptions } from '../storage/sources/source';

export const sourceOptions = {
  'allow-private-hosts': {
    help:
      'read tables and audio from http:// and from loopback, link-local and private addresses ' +
      'too',
  },
  'user-project': {
    value: 'PROJECT',
    is: text,
    help: "project that pays for Google's requester-pays buckets",
  },
  'requester-pays': {
    help: "pay for requests to S3's requester-pays buckets, with the account of the credentials",
  },
} as const;

/**
 * HF_ENDPOINT replaces https://huggingface.co in hf:// addresses; HF_TOKEN is sent there, for
 * private and gated repositories.
 */
export function sourcesOf(
  values: Values<typeof sourceOptions>,
  environment: NodeJS.ProcessEnv,
): SourceOptions {
  const token = environment['HF_TOKEN']?.trim() ?? '';
  return {
    allowPrivateHosts: values['allow-private-hosts'],
    userProject: values['user-project'],
    requesterPays: values['requester-pays'],
    ...(environment['HF_ENDPOINT'] ? { hub: environment['HF_ENDPOINT'] } : {}),
    ...(token === '' ? {} : { hubToken: () => token }),
  };
}
