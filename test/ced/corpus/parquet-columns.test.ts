import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseAudioColumns, type AudioColumns } from '../../../ced/corpus/parquet-columns';
import { parquetClips } from '../../../ced/corpus/parquet-table';
import { readExcerpt } from '../../../ced/parquet/parquet-excerpt';
import {
  footerBytes,
  readOutline,
  type LeafColumn,
  type ParquetOutline,
} from '../../../ced/parquet/parquet-outline';

const sounds = readFileSync(join(__dirname, '../../reference/hub-dataset/sounds.parquet'));

const leaf = (path: string[], kind: LeafColumn['kind'], isList = false): LeafColumn => ({
  ...{ path, kind, isList },
  optional: path.map(() => true),
});
const audio = [leaf(['audio', 'bytes'], 'bytes'), leaf(['audio', 'path'], 'text')];
const choose = (columns: LeafColumn[], features?: object): AudioColumns => {
  const metadata = features ? { huggingface: JSON.stringify({ info: { features } }) } : {};
  const outline: ParquetOutline = { rows: 0, columns, groups: [], metadata: { ...metadata } };
  return chooseAudioColumns(outline);
};
const classLabel = { _type: 'ClassLabel', names: ['dog', 'rain'] };

describe('the columns of a Parquet file', () => {
  it.each([
    ['a list', { _type: 'List', feature: classLabel }],
    ['a sequence', { _type: 'Sequence', feature: classLabel }],
    ['a list of older versions', [classLabel]],
  ])('that are %s of class labels are named by the metadata', (_, marks) => {
    const columns = [...audio, leaf(['marks'], 'integer', true)];
    const chosen = choose(columns, { audio: { _type: 'Audio' }, marks });
    expect(chosen).toMatchObject({ bytes: 0, path: 1, label: 2, classNames: ['dog', 'rain'] });
    const [clip] = parquetClips('a.parquet', 1, chosen, ['x.wav'], [[1, 0]]);
    expect(clip?.labels).toEqual(['rain', 'dog']);
  });

  it('are found by usual names where nothing is said of them', () => {
    const columns = [leaf(['file'], 'text'), leaf(['text'], 'text'), leaf(['category'], 'text')];
    expect(choose(columns)).toMatchObject({ bytes: null, path: 0, label: 2, classNames: null });
  });

  it('are refused by name where several can be meant', () => {
    const columns = [...audio, leaf(['speaker'], 'integer'), leaf(['room'], 'integer')];
    const features = { audio: { _type: 'Audio' }, speaker: classLabel, room: classLabel };
    expect(() => choose(columns, features)).toThrow(
      'its columns speaker, room may all hold the labels; rename one to labels',
    );
    const named = [...columns, leaf(['label'], 'integer')];
    expect(choose(named, { ...features, label: classLabel })).toMatchObject({ label: 4 });
  });

  it('hold lists of texts, as the datasets library writes them', () => {
    const footer = sounds.subarray(-footerBytes(sounds.subarray(-8), sounds.length)!);
    const { columns, groups } = readOutline(footer, sounds.length);
    const tags = columns.findIndex(({ path }) => path[0] === 'tags');
    expect(columns[tags]).toMatchObject({ kind: 'text', isList: true });
    const chunks = groups.map((group) => group.chunks[tags]!);
    const bytes = Buffer.concat([
      ...chunks.map((chunk) => sounds.subarray(chunk.offset, chunk.offset + chunk.bytes)),
      footer,
    ]);
    const question = { columns: [tags], chunkBytes: chunks.map((chunk) => chunk.bytes) };
    expect(readExcerpt(bytes, question)).toEqual([Array.from({ length: 7 }, () => ['made'])]);
  });
});
