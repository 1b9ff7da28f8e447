import crypto from 'node:crypto';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localDependencies } from '../../activities/local-dependencies';
import { CorpusAudio, CorpusClosed } from '../../storage/corpus/corpus-audio';
import { FolderStore } from '../../storage/folder-store';
import { ingestCorpus, storeBelow } from '../support/in-process';
import { writeToneCorpus } from '../support/tone-corpus';

const ignore = (): void => undefined;
const CLIPS = 24;
const WHOLE = { start: 0, length: 16_000 };

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = ignore;
  const promise = new Promise<void>((resolved) => (resolve = resolved));
  return { promise, resolve: () => resolve() };
}

describe('the audio of a corpus', () => {
  let folder: string;
  let store: FolderStore;
  let planKey: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-audio-'));
    store = storeBelow(folder);
    const deps = localDependencies(folder, store);
    const { train, vocabulary } = writeToneCorpus(folder, { train: CLIPS, validation: 0, eval: 0 });
    const corpus = { train, vocabulary, clipsPerShard: CLIPS, maxRejected: 0 };
    planKey = await ingestCorpus(deps, corpus, { splits: ['train'] });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Shards that this process holds open. */
  const openShards = (): string[] =>
    readdirSync('/proc/self/fd').flatMap((file) => {
      try {
        const path = readlinkSync(`/proc/self/fd/${file}`);
        return path.startsWith(folder) ? [path] : [];
      } catch {
        return []; // the one that lists them
      }
    });

  it('gives each read its samples when it is closed, or says so', async () => {
    const audio = await CorpusAudio.open(store, planKey, 'train');
    const [first, ...others] = audio.clips;
    await audio.readLater(first!, WHOLE);
    expect(openShards()).toHaveLength(1);
    const reads = others.map((clip) => audio.readLater(clip, WHOLE));
    const outcomes = Promise.allSettled(reads);
    // Now each hashes its clip in another thread, and has still to read it.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    const closed = audio.close();
    for (const outcome of await outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(CorpusClosed);
      else expect(outcome.value.some((sample) => sample !== 0)).toBe(true);
    await closed;
    expect(openShards()).toEqual([]);
    expect(() => audio.read(first!, WHOLE, new Int16Array(WHOLE.length))).toThrow(CorpusClosed);
  });

  it('neither waits for a shard in transit when it is closed, nor opens it later', async () => {
    const asked = deferred();
    const arrived = deferred();
    class DistantStore extends FolderStore {
      override async localFile(key: string): Promise<string> {
        asked.resolve();
        await arrived.promise;
        return await super.localFile(key);
      }
    }
    const audio = await CorpusAudio.open(new DistantStore(store.uri), planKey, 'train');
    const read = audio.readLater(audio.clips[0]!, WHOLE);
    await asked.promise;
    await audio.close();
    arrived.resolve();
    await expect(read).rejects.toBeInstanceOf(CorpusClosed);
    expect(openShards()).toEqual([]);
  });

  it('is hashed once where many chunks of one clip are wanted at once', async () => {
    const audio = await CorpusAudio.open(store, planKey, 'train');
    const hashes = jest.spyOn(crypto, 'createHash');
    const starts = Array.from({ length: 16 }, (_, index) => index * 1000);
    const read = await Promise.all(
      starts.map((start) => audio.readLater(audio.clips[0]!, { start, length: 1000 })),
    );
    expect(hashes).toHaveBeenCalledTimes(1);
    hashes.mockRestore();
    const whole = await audio.readLater(audio.clips[0]!, WHOLE);
    expect(read.flatMap((samples) => [...samples])).toEqual([...whole]);
    await audio.close();
  });
});
