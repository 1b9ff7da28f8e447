// A Chromium for the tests that render reports: the machine's own, else npm's (65 MB, once, no root
// needed). The only part of set-up that may be missing: without it those tests are skipped and
// counted.
import { brotliDecompressSync } from 'node:zlib';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, shortHash } from './cache.mjs';
import { execute, findOnPath } from './tools.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
export const chromiumVersion = '153.0.0';
const launcher = `#!/bin/sh
here="$(dirname "$0")"
LD_LIBRARY_PATH="$here/lib:$here" FONTCONFIG_PATH="$here" exec "$here/chromium" "$@"
`;

// Its own fonts, for machines that have none.
const fonts = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="relative">fonts-cache</cachedir>
</fontconfig>
`;

/**
 * Returns the program's path, or the reason why there is none. $CED_BROWSER names another program;
 * empty, it selects npm's.
 */
export async function findBrowser(report) {
  const wanted = process.env.CED_BROWSER;
  const present = wanted ?? names.map(findOnPath).find((path) => path !== null);
  if (present) return { path: present };
  try {
    const entry = await cached(
      `chromium-${chromiumVersion}-${shortHash(chromiumVersion, launcher, fonts)}`,
      report,
      install(report),
    );
    return { path: join(entry, 'browser') };
  } catch (error) {
    return {
      missing: `no Chromium on the PATH, and npm gave none: ${error.message.split('\n')[0]}`,
    };
  }
}

const install = (report) => async (folder) => {
  report('fetching a Chromium, which renders reports in tests (65 MB)');
  const from = join(folder, 'npm');
  mkdirSync(from);
  const options = [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-save',
    '--omit=dev',
    '--prefix',
    from,
  ];
  await execute('Fetching Chromium', 'npm', [
    'install',
    ...options,
    `@sparticuz/chromium@${chromiumVersion}`,
  ]);
  const packed = join(from, 'node_modules', '@sparticuz', 'chromium', 'bin');
  const unpack = (name) => brotliDecompressSync(readFileSync(join(packed, name)));
  writeFileSync(join(folder, 'chromium'), unpack('chromium.br'));
  chmodSync(join(folder, 'chromium'), 0o755);
  for (const archive of ['al2023', 'swiftshader', 'fonts']) {
    writeFileSync(join(folder, `${archive}.tar`), unpack(`${archive}.tar.br`));
    await execute('Unpacking Chromium', 'tar', [
      '-xf',
      join(folder, `${archive}.tar`),
      '-C',
      folder,
    ]);
    rmSync(join(folder, `${archive}.tar`));
  }
  writeFileSync(join(folder, 'fonts.conf'), fonts);
  writeFileSync(join(folder, 'browser'), launcher);
  chmodSync(join(folder, 'browser'), 0o755);
  await execute('Starting Chromium', join(folder, 'browser'), ['--version']);
  rmSync(from, { recursive: true });
};
