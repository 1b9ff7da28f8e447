import { createHash } from 'node:crypto';
import { execFile, spawn } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { openPromise } from 'yauzl';

/**
 * The Debian packages whose recordings the corpus is cut from, pinned by version and SHA-256.
 * Debian's own client downloads them; licences are in ../README.md.
 */

export interface SoundPackage {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
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
    members: './usr/share/games/0ad/mods/public/public.zip',
    zip: { file: 'usr/share/games/0ad/mods/public/public.zip', start: 'audio/' },
  },
  {
    name: 'megaglest-data',
    version: '3.13.0-3',
    sha256: 'ed4783d9fc78e201a548b266f7c30325eb16cfd58a20bf4597dd6e622f84a07e',
    members: './usr/share/games/megaglest/*sounds/*',
  },
  {
    name: 'fillets-ng-data-cs',
    version: '1.0.1-1.1',
    sha256: '3ecef99b9456f1c80c9625c6f2418642b52d58e7167a46bad7a412db17991b14',
    members: './usr/share/games/fillets-ng/sound/*',
  },
  {
    name: 'fillets-ng-data-nl',
    version: '1.0.1-1.1',
    sha256: 'afb4443fda9ab507dee578b75be857d121718a1cd6017a474f30e0eb13dc9d10',
    members: './usr/share/games/fillets-ng/sound/*',
  },
];

const AUDIO = /\.(ogg|wav)$/;
const run = promisify(execFile);

/**
 * Unpacks the sounds of a package into `folder`.
 * @param given folder of .deb files that are here already; null = download
 */
export async function unpackSounds(
  sounds: SoundPackage,
  folder: string,
  given: string | null,
): Promise<void> {
  const downloads = join(folder, '.package');
  await mkdir(downloads, { recursive: true });
  const file = given === null ? await download(sounds, downloads) : await found(sounds, given);
  const sha256 = await sha256Of(file);
  if (sha256 !== sounds.sha256)
    throw new Error(`${file} has SHA-256 ${sha256}, expected ${sounds.sha256}`);
  await unpackMembers(file, sounds.members, folder);
  await rm(downloads, { recursive: true });
  if (sounds.zip === undefined) return;
  const zip = join(folder, sounds.zip.file);
  await unpackZip(zip, sounds.zip.start, folder);
  await rm(zip);
}

async function download(sounds: SoundPackage, folder: string): Promise<string> {
  const wanted = `${sounds.name}=${sounds.version}`;
  await run('apt-get', ['download', '-q', wanted], { cwd: folder }).catch((error: unknown) => {
    const { stderr = String(error) } = error as { stderr?: string };
    throw new Error(
      `apt-get download ${wanted} failed: ${stderr.trim().split('\n').at(-1)}\n` +
        'It needs the package lists of Debian 12 (apt-get update). Elsewhere, put the .deb files ' +
        'into a folder and name it with --packages.',
    );
  });
  return await found(sounds, folder);
}

async function found({ name, version }: SoundPackage, folder: string): Promise<string> {
  const start = `${name}_${version}_`;
  const file = (await readdir(folder)).find(
    (each) => each.startsWith(start) && each.endsWith('.deb'),
  );
  if (file === undefined) throw new Error(`${folder} has no ${start}….deb`);
  return join(folder, file);
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/**
 * The data archive goes from one program to the other: it is larger than what is kept of it.
 * `--ignore-zeros` has tar read to the end, so that the reader never writes to a closed pipe.
 */
async function unpackMembers(file: string, members: string, folder: string): Promise<void> {
  const reader = spawn('dpkg-deb', ['--fsys-tarfile', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const writer = spawn('tar', ['-x', '--ignore-zeros', '--wildcards', '-C', folder, members], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const codes = [reader, writer].map(
    async (child) =>
      await new Promise<number | null>((resolve, reject) =>
        child.once('error', reject).once('close', resolve),
      ),
  );
  await Promise.all([pipeline(reader.stdout, writer.stdin), ...codes]);
  if ((await Promise.all(codes)).some((code) => code !== 0))
    throw new Error(`unpacking ${file} failed`);
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
