import { tarMembers } from '../../../ced/corpus/tar-members';
import { paxContent, tarBytes, type TarEntry } from '../../support/tar-bytes';

const BLOCK = 512;

async function namesOf(archive: Buffer): Promise<string[]> {
  const names: string[] = [];
  const readAt = async (offset: number, bytes: number): Promise<Buffer> =>
    await Promise.resolve(archive.subarray(offset, offset + bytes));
  for await (const { name } of tarMembers(readAt)) names.push(name);
  return names;
}

/** The size of one member written as any text, under a sum that is right. */
function withSize(entries: readonly TarEntry[], member: number, size: string): Buffer {
  const archive = tarBytes(entries);
  const at = tarBytes(entries.slice(0, member)).length - 2 * BLOCK;
  const header = archive.subarray(at, at + BLOCK);
  header.fill(0, 124, 136).write(size, 124, 'latin1');
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return archive;
}

describe('a tar archive', () => {
  const two: TarEntry[] = [
    { name: 'a.wav', content: 'first' },
    { name: 'b.wav', content: 'second' },
  ];

  it.each(['00000000189', '-1', '0x5', '5 5', 'NaN'])(
    'with the size %j, which is no octal number, is refused',
    async (size) => {
      await expect(namesOf(withSize(two, 0, size))).rejects.toThrow(
        'the header at byte 0 states a length of NaN',
      );
    },
  );

  it.each(['-1', '1e3', '0x5', ''])('with the size %j in a pax header is refused', async (size) => {
    const pax = { name: 'pax', type: 'x', content: paxContent({ size }) };
    await expect(namesOf(tarBytes([pax, ...two]))).rejects.toThrow(/states a length of NaN/);
  });

  it.each([
    ['a folder', '5'],
    ['a device', '3'],
    ['of a type that nobody knows', 'Z'],
  ])('is refused, not cut, when %s in it claims more than the file has', async (_, type) => {
    const entries = [two[0]!, { name: 'other', type }, two[1]!];
    expect(await namesOf(tarBytes(entries))).toEqual(['a.wav', 'b.wav']);
    await expect(namesOf(withSize(entries, 1, '77777777777'))).rejects.toThrow(
      'it breaks off inside of other; fetch it again',
    );
  });

  it('is refused when it breaks off in a long name', async () => {
    const archive = tarBytes([{ name: 'long', type: 'L', content: 'x'.repeat(2000) }]);
    await expect(namesOf(archive.subarray(0, 3 * BLOCK))).rejects.toThrow(
      'it breaks off in the extension at byte 0',
    );
  });
});
