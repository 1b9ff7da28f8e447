/**
 * Files of a model hub under the addresses that its own libraries use:
 * `hf://organisation/repository[@revision]/file`, and `hf://datasets/…` or `hf://spaces/…` for
 * repositories of other kinds. The token of the worker's environment goes to the hub's own host
 * alone, never to where it redirects.
 * https://huggingface.co/docs/huggingface_hub/guides/hf_file_system
 */
import { withoutSlashesAtEnd } from '../../ced/corpus/address';
import { HttpSource, type KnownHost } from './http-source';
import { SourceUnreadable, type SourceOptions } from './source';

const HUB = 'https://huggingface.co';
/** Revisions that hold slashes are the hub's own ones; any other is written with %2F. */
const PLACE =
  /^hf:\/\/((?:datasets|spaces)\/|(?!datasets\/|spaces\/))([^/@]+\/[^/@]+)(?:@(refs\/(?:convert\/\w+|pr\/\d+)|[^/]+))?(?:\/(.*))?$/;

interface HubPlace {
  /** `datasets/`, `spaces/`, or nothing for a model. */
  kind: string;
  repository: string;
  /** As a part of an address. */
  revision: string;
  /** File or folder inside the repository; empty = the repository. */
  path: string;
}

/** @throws {SourceUnreadable} for an address that names no file of a repository */
export function openHubSource(place: string, options: SourceOptions): HttpSource {
  const found = hubPlace(place);
  if (!found || found.path === '')
    throw new SourceUnreadable(
      `${place}: expected hf://organisation/repository/file, or ` +
        'hf://datasets/organisation/repository/file',
    );
  const { kind, repository, revision, path } = found;
  return openHubAddress(`/${kind}${repository}/resolve/${revision}/${path}`, found, options);
}

/** @returns null for an address that names no repository */
export function hubPlace(place: string): HubPlace | null {
  const [, kind = '', repository, revision = 'main', path = ''] = PLACE.exec(place) ?? [];
  return repository === undefined
    ? null
    : { kind, repository, revision: encodeURIComponent(decoded(revision)), path };
}

/**
 * @param path of the address on the hub
 * @param linked receives the header `Link` of the answer
 */
export function openHubAddress(
  path: string,
  { kind, repository }: HubPlace,
  options: SourceOptions,
  linked?: KnownHost['linked'],
): HttpSource {
  const hub = withoutSlashesAtEnd(options.hub ?? HUB);
  const page = `${hub}/${kind}${repository}`;
  const { origin } = new URL(hub);
  const { hubToken } = options;
  return new HttpSource(`${hub}${path}`, options, {
    headers: (host) =>
      hubToken !== undefined && host === origin ? { authorization: `Bearer ${hubToken()}` } : {},
    // The hub answers so for what does not exist, too: it does not tell which.
    remedy: (status) =>
      status !== 401 && status !== 403
        ? ''
        : hubToken === undefined
          ? '; if it is private or gated, set HF_TOKEN where this runs, else look at its name'
          : `; HF_TOKEN may not read it: look at its name, or ask for access at ${page}`,
    ...(linked ? { linked } : {}),
  });
}

function decoded(revision: string): string {
  try {
    return decodeURIComponent(revision);
  } catch {
    return revision;
  }
}
