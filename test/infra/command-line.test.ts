import { commandLine } from '../../infra/command-line/command-line';
import {
  amount,
  atLeast,
  count,
  fraction,
  oneOf,
  port,
  someOf,
  text,
  textOf,
} from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';

const render = commandLine({
  program: 'npm run render',
  usage: 'SCENE --out FILE [options]',
  about: ['Renders a scene.', `${'word '.repeat(40)}end`],
  operands: { rows: { SCENE: 'the scene to render' }, expected: 'one scene', least: 1, most: 1 },
  options: {
    out: { value: 'FILE', is: textOf('the file to write'), required: true, help: 'output' },
    size: { value: 'N', is: count, default: 64, help: 'pixels of an edge' },
    scale: { value: 'X', is: amount, help: 'enlarges the scene', shown: 'fits the picture' },
    light: { value: 'L', is: text, multiple: true, help: 'a light; may be repeated' },
    mode: { value: 'M', is: oneOf('fast', 'exact', 'debug'), default: 'fast', help: 'algorithm' },
    'a-name-that-is-far-too-long-for-its-column': { help: 'a flag' },
  },
  examples: ['npm run render -- tree --out tree.png --light sun --light moon'],
});

function refusal(...argv: string[]): string {
  try {
    render.parse(argv);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error('expected a refusal');
}

describe('a command line', () => {
  it('takes values, defaults and flags from its table', () => {
    expect(render.parse(['tree', '--out', 'a.png'])).toEqual({
      operands: ['tree'],
      values: {
        out: 'a.png',
        size: 64,
        scale: undefined,
        light: [],
        mode: 'fast',
        'a-name-that-is-far-too-long-for-its-column': false,
      },
    });
    const { values } = render.parse([
      'tree',
      '--out=b',
      '--size',
      '8',
      '--light',
      'x',
      '--light',
      'y',
    ])!;
    expect(values).toMatchObject({ out: 'b', size: 8, light: ['x', 'y'] });
  });

  it.each([
    [['--size', '1.5', '--out', 'a', 'tree'], '--size 1.5: expected a whole number above 0'],
    [['--scale', 'much', '--out', 'a', 'tree'], '--scale much: expected a number above 0'],
    [['--mode', 'slow', '--out', 'a', 'tree'], '--mode slow: expected fast, exact or debug'],
    [['tree'], '--out: nothing given, expected the file to write'],
    [['tree', '--out', 'a', '--size'], '--size: nothing given, expected a whole number above 0'],
    [['--size', '--out', 'a', 'tree'], '--size: nothing given, expected a whole number above 0'],
    [[], 'npm run render: expected one scene; see npm run render -- --help'],
    [['a', 'b'], 'npm run render: expected one scene; see npm run render -- --help'],
    [['--colour', '--out', 'a'], "Unknown option '--colour'; see --help"],
  ])('refuses %j with the option and what it expects', (argv, message) => {
    expect(refusal(...argv)).toBe(message);
  });

  it('refuses operands where its table names none', () => {
    const { parse } = commandLine({
      program: 'ced nothing',
      usage: '[options]',
      about: [],
      options: {},
      examples: [],
    });
    expect(() => parse(['stray'])).toThrow("Unexpected argument 'stray'");
  });

  it('asks for help before anything is checked, but not behind a bare --', () => {
    expect(render.parse(['--colour', '--help'])).toBeNull();
    expect(render.parse(['-h'])).toBeNull();
    expect(render.parse(['--out', 'a', '--', '--help'])?.operands).toEqual(['--help']);
  });

  it('prints usage, operands, options with defaults and examples in 100 columns', () => {
    const lines = render.help.split('\n');
    expect(lines[0]).toBe('npm run render -- SCENE --out FILE [options]');
    expect(lines).toContain('  --size N    pixels of an edge (default: 64)');
    expect(lines).toContain('  --scale X   enlarges the scene (default: fits the picture)');
    expect(lines).toContain('  SCENE       the scene to render');
    expect(render.help).toContain(
      '  --a-name-that-is-far-too-long-for-its-column\n              a flag\n',
    );
    expect(render.help).toContain('Examples:\n  npm run render -- tree --out tree.png');
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
  });
});

describe('a kind of value', () => {
  it.each([
    ['count', count, ['1', '10000'], ['0', '-1', '1.5', 'x', '', ' ']],
    ['amount', amount, ['0.5', '1e3'], ['0', '-1', 'Infinity', 'x', '']],
    ['fraction', fraction, ['0', '0.5', '1'], ['-0.1', '1.1', 'x', '']],
    ['port', port, ['1', '65535'], ['0', '65536', '80.5', '']],
    ['whole number from 0', atLeast(0), ['0', '3'], ['-1', '']],
    ['name', oneOf('a', 'b'), ['a', 'b'], ['c', '', 'a,b']],
    ['list of names', someOf('a', 'b'), ['a', 'b,a'], ['c', 'a,c', '']],
  ])('%s accepts and refuses texts', (_name, kind, accepted, refused) => {
    expect(accepted.map((given) => kind.parse(given)).includes(undefined)).toBe(false);
    expect(refused.map((given) => kind.parse(given))).toEqual(refused.map(() => undefined));
  });
});
