/** The page that `ced export --to web` writes, in Chromium, against `ced tag`'s predictor. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { decodeClip } from '../../activities/ingest/decode-clip';
import { openEngine } from '../../ced/engine/engine';
import { Predictor } from '../../ced/model/predictor';
import { ced } from '../../cli/main';
import { readModelFolder } from '../../cli/models/model-folder';
import { browser as findBrowser } from '../../infra/toolchain';
import { wavBytes } from '../ced/audio/wav-bytes';
import { writeReferenceModel } from '../support/tagged-model';

const found = findBrowser();
if ('missing' in found)
  console.warn(
    'left out: the exported page in a browser (test/cli/web-export-browser.test.ts), ' +
      `because ${found.missing}`,
  );

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
};
const RATE = 16_000;
const PHONE = { width: 360, height: 740 };

const melody = (seconds: number): number[] =>
  Array.from({ length: seconds * RATE }, (_, at) => {
    const rising = Math.sin(at * 0.03 + at * at * 4e-7);
    return Math.round(9000 * rising * (1 + Math.sin(at * 0.001)) + ((at * 7919) % 601) - 300);
  });

('path' in found ? describe : describe.skip)('the page that ced export --to web writes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ced-web-'));
  const page = join(folder, 'page');
  const recording = join(folder, 'recording.wav');
  let server: Server;
  let browser: Browser;
  let predictor: Predictor;
  let address = '';
  const troubles: string[] = [];

  beforeAll(async () => {
    const model = writeReferenceModel(join(folder, 'model'));
    const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    expect(await ced(['export', '--model', model, '--to', 'web', '--out', page])).toBe(0);
    write.mockRestore();
    const { config, weights } = await readModelFolder(model);
    predictor = new Predictor(openEngine(), config, weights, { precision: 'float32' });
    writeFileSync(recording, wavBytes([melody(23)], { bits: 16 }));
    server = createServer((request, response) => {
      const name = (request.url ?? '/').replace(/^\/$/, '/index.html');
      response.setHeader('Content-Type', TYPES[extname(name)] ?? 'application/octet-stream');
      response.end(readFileSync(join(page, name)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await chromium.launch({
      executablePath: 'path' in found ? found.path : '',
      args: [
        // Chromium refuses its sandbox to root, as which containers run.
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        '--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-audio-capture=${recording}`,
      ],
    });
  });
  afterAll(async () => {
    await browser?.close();
    predictor.dispose();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  const open = async (): Promise<Page> => {
    troubles.length = 0;
    const opened = await browser.newPage({ viewport: PHONE, locale: 'en-US' });
    opened.on('console', (message) => troubles.push(`console: ${message.text()}`));
    opened.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
    opened.on(
      'request',
      (request) =>
        request.url().startsWith(address) ||
        /^(data|blob):/.test(request.url()) ||
        troubles.push(`request: ${request.url()}`),
    );
    await opened.goto(address);
    await opened.getByRole('button', { name: 'Start the microphone', disabled: false }).waitFor();
    return opened;
  };

  const predicted = (pcm: Int16Array): number[] => [
    ...predictor.probabilities({ pcm, batch: 1, samples: pcm.length, masks: null }),
  ];

  it('tags a recording in windows as ced tag does, without a request elsewhere', async () => {
    const opened = await open();
    await opened.getByLabel('Choose a recording, or drop one here').setInputFiles(recording);
    await opened.getByText('recording.wav is tagged.').waitFor();
    const rows = await opened.evaluate<number[][]>(
      "[...document.querySelectorAll('#windows tr')].map((row) => " +
        'JSON.parse(row.dataset.probabilities))',
    );
    const pcm = Int16Array.from(melody(23));
    expect(rows).toHaveLength(3);
    for (const [at, row] of rows.entries()) {
      const wanted = predicted(pcm.slice(at * 10 * RATE, (at + 1) * 10 * RATE));
      const worst = Math.max(...wanted.map((value, index) => Math.abs(value - row[index]!)));
      expect(worst).toBeLessThan(1e-3);
    }
    expect(await opened.locator('#windows th').allTextContents()).toEqual([
      '0.00–10.00',
      '10.00–20.00',
      '20.00–23.00',
    ]);
    expect(troubles).toEqual([]);
    await opened.close();
  });

  it('tags the microphone live, as ced tag does the same samples', async () => {
    const opened = await open();
    await opened.getByRole('button', { name: 'Start the microphone' }).click();
    await opened.getByText(/The last (?:[3-9]|10)\.\d s took/).waitFor();
    await opened.getByRole('button', { name: 'Stop the microphone' }).click();
    await opened.getByText('The microphone is off.').waitFor();
    const download = opened.waitForEvent('download');
    await opened.getByRole('button', { name: 'Save the last window as WAV' }).click();
    const saved = readFileSync(await (await download).path());
    const pcm = await decodeClip(() => [saved], 'window.wav');
    expect(pcm.length).toBeGreaterThanOrEqual(3 * RATE);
    expect(Math.max(...pcm)).toBeGreaterThan(1000); // it is no silence
    const wanted = predicted(pcm);
    const tags = await opened.evaluate<{ name: string; probability: number }[]>(
      "[...document.querySelectorAll('#tags li')].map((item) => ({ " +
        "name: item.querySelector('span').textContent, probability: +item.dataset.probability }))",
    );
    expect(tags).toHaveLength(8);
    for (const { name, probability } of tags)
      expect(Math.abs(probability - wanted[Number(name.replace('sound ', ''))]!)).toBeLessThan(
        1e-3,
      );
    expect(troubles).toEqual([]);
    await opened.close();
  });

  it('fits a phone, and is worked by keyboard and by names', async () => {
    const opened = await open();
    const width = await opened.evaluate('document.documentElement.scrollWidth');
    expect(width).toBe(PHONE.width);
    const focused: unknown[] = [];
    for (let press = 0; press < 2; press++) {
      await opened.keyboard.press('Tab');
      focused.push(await opened.evaluate('document.activeElement.id'));
    }
    expect(focused).toEqual(['microphone', 'file']);
    for (const [role, name] of [
      ['heading', 'Audio tagger'],
      ['region', 'Tags'],
      ['img', 'Spectrogram'],
    ] as const)
      expect(await opened.getByRole(role, { name }).count()).toBe(1);
    await opened.close();
  });
});
