/**
 * WebDataset shards that lie in the headers of their members: sizes, types, names, pax records,
 * sums. What the headers then say is listed here once more, strictly.
 */
import { readTables } from '../../../activities/plan/read-table';
import type { Draws } from '../draws';
import { digestOf, type Forgery, type StructuredFormat } from './forgery';
import { inFolder } from './in-folder';
import { archive, type TarMember } from './tar-file';
import { listed } from './tar-listing';

const CLIPS = 3;

export function tarFormat(): StructuredFormat {
  const good = archive(members());
  return {
    good: { bytes: good, lies: [], readings: listed(good) },
    forge: async (draws) => await Promise.resolve(forge(draws)),
    read: async (bytes, name) => {
      const file = `${name}.tar`;
      const { rows } = await inFolder(
        { [file]: bytes },
        async (folder) => await readTables(folder, 'corpus.train', file, {}),
      );
      return digestOf(
        rows.map(({ clip, labels, range }) => [
          clip,
          labels,
          range && digestOf(bytes.subarray(range.offset, range.offset + range.bytes)),
        ]),
      );
    },
  };
}

function members(): TarMember[] {
  return Array.from({ length: CLIPS }, (_, clip) => [
    { name: `clips/${clip}.wav`, content: Buffer.alloc(700 + 600 * clip, clip + 1) },
    clip === 1
      ? { name: `clips/${clip}.json`, content: Buffer.from('{"labels": ["dog", 2]}') }
      : { name: `clips/${clip}.cls`, content: Buffer.from(`${clip}`) },
  ]).flat();
}

interface Lie {
  what: string;
  tell: (member: TarMember, draws: Draws, all: readonly TarMember[]) => string;
}

const LIES: readonly Lie[] = [
  {
    what: 'size',
    tell: (member, draws) => {
      const { length } = member.content;
      const octal = (size: number): string => size.toString(8).padStart(11, '0');
      const sizes = [0, 1, length - 1, length + 1, 511, 512, 2 * length, length + 512, 8 ** 11 - 1];
      const texts = ['', ' 12 ', '00000000189', '-1', '0x10', 'NaN', '1e3', '77 77'];
      const binary = ['80000000000000000000000a', '80000000ffffffffffffffff', `${'ff'.repeat(12)}`];
      return (member.size = draws.pick([
        ...sizes.filter((size) => size >= 0).map(octal),
        ...texts,
        ...binary.map((hex) => Buffer.from(hex, 'hex').toString('latin1')),
      ]));
    },
  },
  {
    what: 'type',
    tell: (member, draws) => (member.type = draws.pick([...'\x00123456789gxLKSVZ'])),
  },
  {
    what: 'name',
    tell: (member, draws, all) =>
      (member.name = draws.pick([
        '',
        '../0.wav',
        '/0.wav',
        'clips/0.1.wav',
        `${'x'.repeat(96)}.wav`,
        'clips/é.wav',
        'clips/0.WAV',
        './clips/9.wav',
        ...all.map(({ name }) => name),
      ])),
  },
  {
    what: 'magic',
    tell: (member, draws) => (member.magic = draws.pick(['ustar  \0', '\0\0\0', 'ustar\x0099'])),
  },
  { what: 'prefix', tell: (member, draws) => (member.prefix = draws.pick(['..', 'a', '/'])) },
  {
    what: 'link',
    tell: (member, draws, all) => (member.link = draws.pick(all.map(({ name }) => name))),
  },
  { what: 'sum', tell: (member, draws) => `${(member.sumOff = draws.pick([1, -1, 256]))}` },
  {
    what: 'pax',
    tell: (member, draws) => {
      const text = draws.pick([
        `10 size=5\n`,
        `11 size=-1\n`,
        `12 size=NaN\n`,
        `13 size=1e3\n`,
        '25 size=9007199254740993\n',
        '13 size=0x10\n',
        '99 path=clips/0.wav\n',
        '19 path=../../a.wav\n',
        '20 path=clips/7.wav\n',
        '0 path=a\n',
        '-5 path=a\n',
        'path=a\n',
        '22 GNU.sparse.major=1\n',
        `${'9'.repeat(30)} path=a\n`,
      ]);
      member.pax = text;
      return text.trim();
    },
  },
];

function forge(draws: Draws): Forgery {
  const all = members();
  const lies: string[] = [];
  let isOther = false;
  for (let count = 1 + draws.below(3); count > 0; count--) {
    const member = draws.pick(all);
    const { what, tell } = draws.pick(LIES);
    const name = member.name;
    const told = tell(member, draws, all);
    lies.push(`${what} of ${name}: ${JSON.stringify(told)}`);
    // Headers that speak of others, links, maps of holes.
    if ((what === 'type' && /[12gxLKS]/.test(told)) || what === 'pax') isOther = true;
  }
  const [first, second] = [draws.below(all.length), draws.below(all.length)];
  switch (draws.below(8)) {
    case 0:
      lies.push(`member ${first} is missing`);
      all.splice(first, 1);
      break;
    case 1:
      lies.push(`member ${first} is there twice`);
      all.push(all[first]!);
      break;
    case 2:
      lies.push(`member ${first} changes places with ${second}`);
      [all[first], all[second]] = [all[second]!, all[first]!];
  }
  let bytes = archive(all);
  if (draws.below(8) === 0) {
    const end = draws.pick([100, 124, 136, 148, 156, 257, 511, 512, 700]);
    lies.push(`cut to ${(bytes.length - end) % bytes.length} bytes`);
    bytes = bytes.subarray(0, (bytes.length - end) % bytes.length);
  }
  return { bytes, lies, readings: isOther ? null : listed(bytes) };
}
