import { spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import { debFile, type DebPlace, type PinnedPackage } from './deb-file';

/**
 * The Debian packages whose recordings the corpus is cut from, pinned by version and SHA-256. Their
 * licences are as their own copyright files state them.
 */

export interface SoundPackage extends PinnedPackage {
  /** Of its sounds (SPDX). */
  readonly licence: string;
  /** Of the members that hold sounds, in its data archive. */
  readonly members: string;
  /** A zip among these members that has the sounds, and how their paths start. */
  readonly zip?: { readonly file: string; readonly start: string };
}

export const PACKAGES: readonly SoundPackage[] = [
  {
    name: '0ad-data',
    version: '0.0.26-1',
    sha256: '53745ae74d05bccf6783400fa98f3932b21729ab9d2e86151aa2c331c3455178',
    pool: 'pool/main/0/0ad-data',
    licence: 'CC-BY-SA-3.0',
    members: './usr/share/games/0ad/mods/public/public.zip',
    zip: { file: 'usr/share/games/0ad/mods/public/public.zip', start: 'audio/' },
  },
  {
    name: 'megaglest-data',
    version: '3.13.0-3',
    sha256: 'ed4783d9fc78e201a548b266f7c30325eb16cfd58a20bf4597dd6e622f84a07e',
    pool: 'pool/main/m/megaglest-data',
    licence: 'CC-BY-SA-3.0',
    members: './usr/share/games/megaglest/*sounds/*',
  },
  {
    name: 'fillets-ng-data-cs',
    version: '1.0.1-1.1',
    sha256: '3ecef99b9456f1c80c9625c6f2418642b52d58e7167a46bad7a412db17991b14',
    pool: 'pool/main/f/fillets-ng-data',
    licence: 'GPL-2.0-only',
    members: './usr/share/games/fillets-ng/sound/*',
  },
  {
    name: 'fillets-ng-data-nl',
    version: '1.0.1-1.1',
    sha256: 'afb4443fda9ab507dee578b75be857d121718a1cd6017a474f30e0eb13dc9d10',
    pool: 'pool/main/f/fillets-ng-data',
    licence: 'GPL-2.0-only',
    members: './usr/share/games/fillets-ng/sound/*',
  },
];

const AUDIO = /\.(ogg|wav)$/;

/** Unpacks the sounds of a package into `folder`. What an earlier attempt left there is removed. */
export async function unpackSounds(
  sounds: SoundPackage,
  folder: string,
  place: DebPlace,
): Promise<void> {
  const file = await debFile(sounds, place);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await unpackMembers(file, sounds.members, folder);
  if (sounds.zip === undefined) return;
  const zip = join(folder, sounds.zip.file);
  await unpackZip(zip, sounds.zip.start, folder);
  await rm(zip);
}

/**
 * The data archive goes from one program to the other: it is larger than what is kept of it.
 * `--ignore-zeros` has tar read to the end, so that the reader never writes to a closed pipe.
 */
async function unpackMembers(file: string, members: string, folder: string): Promise<void> {
  const env = { ...process.env, LC_ALL: 'C' };
  const reader = spawn('dpkg-deb', ['--fsys-tarfile', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  const writer = spawn('tar', ['-x', '--ignore-zeros', '--wildcards', '-C', folder, members], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env,
  });
  const ends = [writer, reader].map(
    async (child) =>
      await new Promise<number | null>((resolve, reject) =>
        child.once('error', reject).once('close', resolve),
      ),
  );
  // Of a writer that dies the pipe breaks: what it said tells more.
  const piped = pipeline(reader.stdout, writer.stdin).catch(() => undefined);
  const [codes, said] = await Promise.all([
    Promise.all(ends),
    Promise.all([text(writer.stderr), text(reader.stderr)]),
    piped,
  ]);
  if (codes.every((code) => code === 0)) return;
  throw new Error(`unpacking ${file} into ${folder} failed: ${said.join('').trim()}`);
}

async function unpackZip(file: string, start: string, folder: string): Promise<void> {
  const zip = await openPromise(file);
  for await (const entry of zip.eachEntry()) {
    const path = join(folder, entry.fileName);
    if (!entry.fileName.startsWith(start) || !AUDIO.test(path) || existsSync(path)) continue;
    await mkdir(dirname(path), { recursive: true });
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path));
  }
}

/** Paths of the unpacked sounds, from `folder`, sorted. */
export async function soundsIn(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true });
  return files.filter((path) => AUDIO.test(path)).sort();
}
