import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readClips, type ReadClip } from '../../activities/ingest/read-clips';
import { encodeWav } from '../../ced/audio/wav-file';
import type { ListedClip } from '../../ced/corpus/listing';

/**
 * A clip's samples tell which it is; lengths go up and down, so that memory used again must be told
 * from what lies in it.
 */
const samplesOf = (number: number): number => (number % 3 === 0 ? 40_000 : 4000 + number);
const wavOf = (number: number): Buffer =>
  encodeWav(new Int16Array(samplesOf(number)).fill(number + 1));
const CLIPS = 24;

/** Answers only when so many ask at the same time, and when no more come. */
describe('clips of a web server', () => {
  let server: Server;
  let base: string;
  let waiting: (() => void)[];
  let most: number;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const number = Number(/(\d+)\.wav/.exec(request.url ?? '')?.[1]);
      waiting.push(() =>
        number === 5 ? response.writeHead(404).end() : response.end(wavOf(number)),
      );
      most = Math.max(most, waiting.length);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  it.each([1, 3, 8])(
    'are read at most %i at once, in order, each in its own memory until the next',
    async (atOnce) => {
      [waiting, most] = [[], 0];
      const listed = Array.from({ length: CLIPS }, (_, number): ListedClip => ({
        clip: String(number),
        audio: `${base}/${number}.wav`,
        fingerprint: '',
        labels: null,
      }));
      // The last that asked is the first that is answered.
      const answering = setInterval(() => waiting.pop()?.(), 3);
      const read: Pick<ReadClip, 'listed' | 'pcm'>[] = [];
      for await (const { listed: clip, pcm } of readClips(listed, {
        allowPrivateHosts: true,
        clipsAtOnce: atOnce,
      }))
        read.push({ listed: clip, pcm: typeof pcm === 'string' ? pcm : pcm.slice() });
      clearInterval(answering);
      expect(most).toBe(atOnce);
      expect(read.map(({ listed: { clip } }) => Number(clip))).toEqual(
        Array.from({ length: CLIPS }, (_, number) => number),
      );
      for (const [number, { pcm }] of read.entries()) {
        if (number === 5) expect(pcm).toMatch(/5\.wav answers 404/);
        else {
          expect(pcm).toHaveLength(samplesOf(number));
          expect(new Set(pcm as Int16Array)).toEqual(new Set([number + 1]));
        }
      }
    },
  );
});
