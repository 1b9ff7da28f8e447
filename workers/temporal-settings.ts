/**
 * How a process reaches Temporal: its own options first, then Temporal's environment variables,
 * then the profile file that the Temporal CLI reads too
 * (https://docs.temporal.io/references/client-environment-configuration). So Temporal Cloud, with
 * TLS or an API key, needs no option of ours.
 */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { text } from '../infra/command-line/option';

export const DEFAULT_ADDRESS = '127.0.0.1:7233';

/** Options of every command that talks to a Temporal server. */
export const temporalOptions = {
  address: {
    value: 'HOST:PORT',
    is: text,
    shown: `TEMPORAL_ADDRESS or Temporal's profile file, else ${DEFAULT_ADDRESS}`,
    help:
      "Temporal server; TLS and API key come from Temporal's environment variables or profile " +
      'file (docs/deploy.md)',
  },
  namespace: {
    value: 'NAME',
    is: text,
    shown: "TEMPORAL_NAMESPACE or Temporal's profile file, else default",
    help: 'its namespace',
  },
} as const;

export interface TemporalSettings {
  readonly address: string;
  readonly namespace: string;
  /** The address, and whatever TLS, API key and metadata go with it. */
  readonly connection: NativeConnectionOptions & { address: string };
}

/** @throws one line that names the profile, the file or the variable */
export function temporalSettings(
  given: { address?: string | undefined; namespace?: string | undefined },
  environment: NodeJS.ProcessEnv,
): TemporalSettings {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
  const profile = environment['TEMPORAL_PROFILE'];
  const found = loadClientConnectConfig({
    overrideEnvVars,
    ...(profile === undefined ? {} : { profile }),
  });
  const address = given.address ?? found.connectionOptions.address ?? DEFAULT_ADDRESS;
  const namespace = given.namespace ?? found.namespace ?? 'default';
  return { address, namespace, connection: { ...found.connectionOptions, address } };
}

/** A server of this machine's own, whatever the environment says of others. */
export function localSettings(address: string): TemporalSettings {
  return { address, namespace: 'default', connection: { address } };
}

/** For processes that serve such a server. */
export function withoutTemporal(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith('TEMPORAL_')),
  );
}
