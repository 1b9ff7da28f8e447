import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

/**
 * A package's .deb file with the pinned content: from a folder of the user, or by apt-get from the
 * mirrors that this machine is set up for. A downloaded file stays where it is until its sounds are
 * unpacked, so that a build that was interrupted there does not download it again.
 */

export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** Its folder on every mirror that has this version. */
  readonly pool: string;
}

export interface DebPlace {
  /** Folder of .deb files that are here already; null = download. */
  readonly given: string | null;
  readonly downloads: string;
}

const run = promisify(execFile);

export const debName = ({ name, version }: PinnedPackage): string => `${name}_${version}_all.deb`;

/** @throws with the file's name and what to do about it */
export async function debFile(pinned: PinnedPackage, place: DebPlace): Promise<string> {
  if (place.given !== null) return await givenFile(pinned, place.given);
  const file = join(place.downloads, debName(pinned));
  if (existsSync(file) && (await sha256Of(file)) === pinned.sha256) return file;
  await rm(file, { force: true });
  await mkdir(place.downloads, { recursive: true });
  await download(pinned, place.downloads);
  const sha256 = await sha256Of(file);
  if (sha256 === pinned.sha256) return file;
  await rm(file);
  throw new Error(
    `apt-get download ${debName(pinned)}: SHA-256 ${sha256}, expected ${pinned.sha256}. The file ` +
      `is removed: a mirror or a proxy of this machine gives another one.\n${byHand(pinned)}`,
  );
}

async function givenFile(pinned: PinnedPackage, folder: string): Promise<string> {
  const file = join(folder, debName(pinned));
  if (!existsSync(file)) throw new Error(`${file} does not exist.\n${byHand(pinned)}`);
  const sha256 = await sha256Of(file);
  if (sha256 === pinned.sha256) return file;
  throw new Error(
    `${file} has SHA-256 ${sha256}, expected ${pinned.sha256}: it is incomplete or another ` +
      `build.\n${byHand(pinned)}`,
  );
}

async function download(pinned: PinnedPackage, folder: string): Promise<void> {
  const wanted = `${pinned.name}=${pinned.version}`;
  const env = { ...process.env, LC_ALL: 'C' };
  await run('apt-get', ['download', '-q', wanted], { cwd: folder, env }).catch((error: unknown) => {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    const said = stderr.split('\n').filter((line) => line.startsWith('E: '));
    throw new Error(
      `apt-get download ${wanted} failed: ${said.join('; ') || message.trim()}\n` +
        `${remedy(said.join('\n'))}${byHand(pinned)}`,
      { cause: error },
    );
  });
}

/** What apt-get's own words call for. */
function remedy(said: string): string {
  if (/Unable to locate package|not found/.test(said))
    return (
      'Its package lists do not have this version: `apt-get update` brings them where /etc/apt ' +
      'names a mirror of Debian 12 (bookworm), main.\n'
    );
  if (/Failed to fetch|resolv|connect/i.test(said))
    return (
      'The mirror that /etc/apt names cannot be reached: with network, the same command goes ' +
      'on.\n'
    );
  return '';
}

const byHand = (pinned: PinnedPackage): string =>
  `Else take ${debName(pinned)} from ${pinned.pool}/ of another Debian mirror or of ` +
  'snapshot.debian.org, which keeps every version, and name its folder with --packages.';

/** In lower-case hexadecimal. */
async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
