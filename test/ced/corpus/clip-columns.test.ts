import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { decodeClips, encodeClips } from '../../../ced/corpus/clip-columns';
import { readCorpusClips } from '../../../storage/corpus/corpus-clips';
import { FolderStore } from '../../../storage/folder-store';
import { ObjectCache } from '../../../storage/object-cache';
import { chunkPlan } from '../../../ced/audio/chunks';
import { handmadeRun, PLAN } from '../../report/handmade-run';
import type { CorpusClip, CorpusClips } from '../../../ced/corpus/corpus-clip';

const CHUNK_SECONDS = 1;
const hash = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const clip = fc
  .record({
    clip: fc.string({ unit: 'grapheme' }),
    sha256: hash,
    labels: fc.option(fc.array(fc.nat(600), { maxLength: 3 })),
    samples: fc.integer({ min: 2400, max: 50_000 }),
    shard: fc.nat(4000),
    offset: fc.nat(2 ** 30),
  })
  .map((fields): CorpusClip => ({ ...fields, chunks: chunkPlan(fields.samples, CHUNK_SECONDS) }));

const corpusOf = (clips: CorpusClip[]): CorpusClips => ({
  vocabulary: [{ mid: '/m/0', name: 'Größe' }],
  clips,
  contentSha256: 'c',
  audioShards: ['a', 'b'],
});
const encoded = (clips: CorpusClip[]): Buffer =>
  Buffer.concat([...encodeClips(corpusOf(clips), CHUNK_SECONDS)]);
const fieldsOf = ({
  clip: name,
  sha256,
  labels,
  samples,
  shard,
  offset,
  chunks,
}: CorpusClip): object => ({ name, sha256, labels, samples, shard, offset, chunks });

describe('clips in columns', () => {
  it('are what they were, wherever in memory they are read', () =>
    fc.assert(
      fc.property(fc.array(clip, { maxLength: 8 }), fc.nat(3), (clips, at) => {
        const bytes = encoded(clips);
        const read = decodeClips(Buffer.concat([Buffer.alloc(at), bytes]).subarray(at))!;
        expect(read.clips.map(fieldsOf)).toEqual(clips.map(fieldsOf));
        expect({ ...read, clips }).toEqual(corpusOf(clips));
      }),
    ));

  it('are not taken when a bit is flipped or the end is missing', () => {
    const bytes = encoded(fc.sample(clip, { numRuns: 5, seed: 1 }));
    for (let at = 0; at < bytes.length; at += 13) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 8;
      expect(decodeClips(flipped)).toBeNull();
      expect(decodeClips(bytes.subarray(0, at))).toBeNull();
    }
  });

  it('are cached by a machine, which then reads only the corpus; remade if damaged', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ced-columns-'));
    const { store } = await handmadeRun();
    const asked: string[] = [];
    class Watched extends FolderStore {
      override read(key: string): Promise<Uint8Array | null> {
        asked.push(key);
        return super.read(key);
      }
    }
    const read = async (): Promise<object[]> => {
      asked.length = 0;
      const cache = new ObjectCache({ folder, maxBytes: 1e9 });
      return (await readCorpusClips(new Watched(store.uri), PLAN, 'train', { cache })).clips.map(
        fieldsOf,
      );
    };
    const expected = (await readCorpusClips(store, PLAN, 'train')).clips.map(fieldsOf);
    expect(await read()).toEqual(expected);
    expect(asked).toHaveLength(2);
    expect(await read()).toEqual(expected);
    expect(asked).toEqual([`plans/${PLAN}/corpus.json`]);
    const path = join(folder, readdirSync(folder)[0]!);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
    expect(await read()).toEqual(expected);
    expect(asked).toHaveLength(2);
    rmSync(folder, { recursive: true });
  });
});
