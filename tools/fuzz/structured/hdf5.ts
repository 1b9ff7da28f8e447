/** HDF5 files of published logits that lie, read in processes of their own, as imports do. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHalf } from '../../../ced/logits/half';
import { readApart } from '../../../storage/reader/read-apart';
import { digestOf, type StructuredFormat } from './forgery';
import { hdf5Layout } from './hdf5-fields';
import { inFolder } from './in-folder';
import { withLies } from './layout';

const ROWS = 400;
const TOP_K = 20;

/** Fields that say how stored bytes are understood, or which bytes: another table. */
const MEANING =
  /datatype\.|\.(order|mask|address|header|cache|name)|chunk \d+\.|symbol|layout\.|extent|filters/;

export async function hdf5Format(root: string): Promise<StructuredFormat> {
  const read = (name: string): Buffer => readFileSync(join(root, 'test/reference', name));
  // What test/reference/hostile/make.py put into it.
  const cells = Array.from({ length: ROWS * TOP_K }, (_, cell) => cell);
  const compressed = {
    layout: hdf5Layout(read('hostile/compressed.h5')),
    reading: digestOf([
      cells.map((cell) => toHalf((cell % 1000) / 1000)),
      cells.map((cell) => cell % TOP_K),
      Array.from({ length: ROWS }, (_, row) => row),
    ]),
  };
  const plain = read('published/logits_ep1_0.h5');
  const originals = [
    compressed,
    { layout: hdf5Layout(plain), reading: await digestApart(plain, 'logits_ep1_0.h5') },
  ];
  return {
    good: { bytes: compressed.layout.bytes, lies: [], readings: [compressed.reading] },
    goodEvery: 10,
    forge: async (draws) => {
      const { layout, reading } = draws.pick(originals);
      const { bytes, fields, isRearranged, told } = withLies(layout, draws);
      const isOther = isRearranged || [...fields].some((name) => MEANING.test(name));
      return await Promise.resolve({ bytes, lies: told, readings: isOther ? null : [reading] });
    },
    read: digestApart,
  };
}

async function digestApart(bytes: Buffer, name: string): Promise<string> {
  return await inFolder({ [name]: bytes }, async (folder) => {
    const { value } = await readApart('publishedRows', join(folder, name), 'published logits');
    return digestOf([Array.from(value.values), Array.from(value.indexes), Array.from(value.seeds)]);
  });
}
