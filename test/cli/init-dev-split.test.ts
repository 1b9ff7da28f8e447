import { join } from 'node:path';
import { encodeHubParquet } from '../../tools/corpora/hub-parquet';
import { noiseWav } from '../support/noise-wav';
import { tarBytes } from '../support/tar-bytes';
import { folderWithCache, putFile, removeWithCache, toldByInit } from '../support/told-by-init';

type Put = (path: string, content: string | Uint8Array) => void;
type Layout = (put: Put, splits: readonly string[]) => void;

const CLIPS = [0, 1, 2, 3];
const labelOf = (clip: number): string => ['bell', 'rain'][clip % 2]!;

const LAYOUTS: Record<string, Layout> = {
  'names of tables': (put, splits) => {
    for (const split of splits) {
      for (const clip of CLIPS) put(`audio/${split}${clip}x.wav`, noiseWav(`${split} ${clip}`));
      const rows = CLIPS.map((clip) => `${split}${clip}x.wav,${labelOf(clip)}`);
      put(`${split}.csv`, ['filename,label', ...rows].join('\n'));
    }
  },
  'a column of a table': (put, splits) => {
    const clips = splits.flatMap((split) => CLIPS.map((clip) => ({ split, clip })));
    for (const { split, clip } of clips)
      put(`audio/${split}${clip}x.wav`, noiseWav(`${split} ${clip}`));
    const rows = clips.map(
      ({ split, clip }) => `${split}${clip}x.wav,${labelOf(clip)},${split.toUpperCase()}`,
    );
    put('meta.csv', ['filename,label,split', ...rows].join('\n'));
  },
  'folders of classes': (put, splits) => {
    for (const split of splits)
      for (const clip of CLIPS)
        put(`${split}/${labelOf(clip)}/${clip}x.wav`, noiseWav(`${split} ${clip}`));
  },
  'side-cars in folders': (put, splits) => {
    for (const split of splits)
      for (const clip of CLIPS) {
        put(`${split}/${clip}x.wav`, noiseWav(`${split} ${clip}`));
        put(`${split}/${clip}x.cls`, labelOf(clip));
      }
  },
  'WebDataset shards': (put, splits) => {
    for (const split of splits) {
      const members = CLIPS.flatMap((clip) => [
        { name: `${clip}x.wav`, content: noiseWav(`${split} ${clip}`) },
        { name: `${clip}x.cls`, content: labelOf(clip) },
      ]);
      put(`${split}/0000.tar`, tarBytes(members));
    }
  },
  'Parquet files': (put, splits) => {
    for (const split of splits) {
      const rows = CLIPS.map((clip) => ({
        audio: { bytes: noiseWav(`${split} ${clip}`), path: `${split}${clip}x.wav` },
        label: clip % 2,
      }));
      put(`data/${split}-00000-of-00001.parquet`, encodeHubParquet(rows, { names: ['a', 'b'] }));
    }
  },
};

describe.each(Object.keys(LAYOUTS))('dev, stated by %s,', (layout) => {
  let folder: string;
  beforeEach(() => {
    folder = folderWithCache('ced-dev-');
  });
  afterEach(() => removeWithCache(folder));

  const init = async (
    ...splits: string[]
  ): Promise<{ clips: Record<string, number>; told: string }> => {
    LAYOUTS[layout]!((path, content) => putFile(join(folder, 'set', path), content), splits);
    const { found, notes } = await toldByInit(
      join(folder, 'set'),
      ...['--out', join(folder, 'project')],
    );
    return { clips: found.splits, told: notes.join('\n') };
  };

  it('is validation beside train', async () => {
    const { clips, told } = await init('train', 'dev', 'test');
    expect(clips).toEqual({ train: 4, validation: 4, eval: 4 });
    expect(told).toContain('dev is taken for validation: the dataset has a train beside it');
  });

  it('is train where nothing else is', async () => {
    const { clips, told } = await init('dev', 'valid', 'eval');
    expect(clips).toEqual({ train: 4, validation: 4, eval: 4 });
    expect(told).toContain('dev is taken for train: the dataset has no other');
  });
});
