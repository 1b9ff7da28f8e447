import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeFailure } from '../../cli/failure';
import { ced } from '../../cli/main';
import { Embedder } from '../../ced/model/embedder';
import { openEngine } from '../../ced/engine/engine';
import { npyTableBytes, parseNpyTable } from '../../ced/npy-table';
import { pythonWithReaders } from '../../infra/toolchain';
import { wavBytes } from '../ced/audio/wav-bytes';
import { referenceModel } from '../ced/parity/reference-vectors';
import { catchOutput, type CaughtOutput } from '../support/caught-output';
import { documentedOutput } from '../support/documented-output';
import { sweep, writeReferenceModel } from '../support/tagged-model';

const rate = 16_000;
const long = sweep(3.3);
const short = sweep(0.5).reverse();
const { config, weights } = referenceModel();

/** What readers that know nothing of ours find in a folder of embeddings. */
const script = `
import json, sys, numpy, pyarrow.parquet as pq, duckdb
folder = sys.argv[1]
table = pq.read_table(folder + "/both.parquet")
array = numpy.load(folder + "/both.npy")
names = "file, start, \\"end\\", embedding"
print(json.dumps(dict(
    shape=array.shape, type=str(array.dtype), npy=array.tolist(),
    arrow=[list(row.values()) for row in table.to_pylist()],
    types=[str(t) for t in table.schema.types],
    duck=duckdb.sql(f"select {names} from '{folder}/both.parquet'").fetchall())))
`;

describe('ced embed', () => {
  let folder: string;
  let model: string;
  let printed: CaughtOutput;
  let complained: CaughtOutput;
  /** [windows][embed_dim], of each window alone. */
  let vectors: number[][];
  const rows = (): [string, number, number][] => [
    [join(folder, 'clips', 'long.wav'), 0, 2],
    [join(folder, 'clips', 'long.wav'), 1, 3],
    [join(folder, 'clips', 'long.wav'), 1.3, 3.3],
    [join(folder, 'clips', 'short.wav'), 0, 0.5],
  ];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-embed-'));
    model = writeReferenceModel(join(folder, 'model'));
    mkdirSync(join(folder, 'clips'));
    writeFileSync(join(folder, 'clips', 'long.wav'), wavBytes([long], { bits: 16 }));
    writeFileSync(join(folder, 'clips', 'short.wav'), wavBytes([short], { bits: 16 }));
    const embedder = new Embedder(openEngine(), config, weights);
    vectors = rows().map(([file, start, end]) => {
      const samples = file.endsWith('long.wav') ? long : short;
      return [...embedder.embeddings(Int16Array.from(samples.slice(start * rate, end * rate)), 1)];
    });
    embedder.dispose();
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    printed = catchOutput('stdout');
    complained = catchOutput('stderr');
  });
  afterEach(() => jest.restoreAllMocks());

  const embed = async (...argv: string[]): Promise<number> =>
    await ced(['embed', ...argv, '--model', model]);
  const near = (values: readonly number[]): unknown[] =>
    values.map((value): unknown => expect.closeTo(value, 4));

  it('writes the vector of each window, as NumPy, pyarrow and DuckDB read it', async () => {
    for (const name of ['both.npy', 'both.parquet']) {
      const out = join(folder, name);
      const options = ['--window', '2', '--hop', '1', '--out', out, '--json'];
      expect(await embed(join(folder, 'clips'), ...options)).toBe(0);
      expect(documentedOutput('embed', printed.text)).toEqual({
        ...{ formatVersion: 1, file: out, shape: [4, config.embed_dim] },
      });
      printed.text = '';
    }
    const seen = JSON.parse(
      execFileSync(pythonWithReaders(), ['-c', script, folder], { encoding: 'utf8' }),
    ) as Record<string, unknown>;
    expect(seen['shape']).toEqual([4, config.embed_dim]);
    expect(seen['type']).toBe('float32');
    expect(seen['npy']).toEqual(vectors.map(near));
    const table = rows().map((row, index) => [...row, near(vectors[index]!)]);
    expect(seen['arrow']).toEqual(table);
    expect(seen['duck']).toEqual(table);
    expect(seen['types']).toEqual([
      'string',
      'double',
      'double',
      expect.stringMatching(/^list<\w+: float not null>$/),
    ]);
    expect(readFileSync(join(folder, 'both.rows.csv'), 'utf8')).toBe(
      ['file,start,end', ...rows().map((row) => row.join(',')), ''].join('\r\n'),
    );
  });

  it('leaves a whole file, with the recordings that could be read', async () => {
    const out = join(folder, 'some.npy');
    const broken = join(folder, 'broken.wav');
    writeFileSync(broken, 'not audio at all');
    expect(await embed('nowhere', broken, join(folder, 'clips'), '--out', out)).toBe(1);
    expect(complained.text).toContain('error: nowhere: no such file or folder\n');
    expect(complained.text).toContain(`error: ${broken}: unknownFormat: `);
    const bytes = readFileSync(out);
    const table = parseNpyTable(bytes);
    expect(table).toMatchObject({ type: '<f4', columns: config.embed_dim });
    expect(npyTableBytes(table)).toBe(bytes.length);
    expect(printed.text).toBe(
      `${out}  ${table.rows} windows × ${config.embed_dim}, ` +
        `its rows in ${join(folder, 'some.rows.csv')}\n`,
    );
  });

  it('keeps the rows so far when Ctrl-C ends it', async () => {
    const clips = Array.from({ length: 3 }, (_, index) => join(folder, `stop-${index}.wav`));
    for (const clip of clips) writeFileSync(clip, wavBytes([sweep(60)], { bits: 16 }));
    const out = join(folder, 'stopped.npy');
    const { isTTY } = process.stderr;
    process.stderr.isTTY = true;
    // The first progress is shown in the middle of a recording; a second Ctrl-C would stop at once.
    let isInterrupted = false;
    jest.spyOn(process.stderr, 'write').mockImplementation(() => {
      if (!isInterrupted) process.emit('SIGINT');
      return (isInterrupted = true);
    });
    try {
      expect(await embed(...clips, '--window', '1', '--out', out)).toBe(130);
    } finally {
      process.stderr.isTTY = isTTY;
    }
    const bytes = readFileSync(out);
    const table = parseNpyTable(bytes);
    expect(table.rows).toBeGreaterThan(0);
    expect(table.rows).toBeLessThan(60);
    expect(npyTableBytes(table)).toBe(bytes.length);
  });

  it('says in one line what is wrong, and leaves no half of a file', async () => {
    const complaint = async (...argv: string[]): Promise<string> =>
      await embed(...argv).then(() => 'none', describeFailure);
    const clips = join(folder, 'clips');
    expect(await complaint(clips, '--out', 'vectors.csv')).toBe(
      '--out vectors.csv: expected a file to write that ends with .npy or .parquet',
    );
    expect(await complaint(clips)).toMatch(/^--out: nothing given, expected a file to write/);
    const lost = join(folder, 'nowhere', 'a.npy');
    expect(await complaint(clips, '--out', lost)).toBe(
      `${lost} cannot be written (ENOENT): there is no folder ${join(folder, 'nowhere')}; ` +
        'make it, or choose another place with --out',
    );
    expect(await complaint(clips, '--out', 'a.npy', '--window', '1', '--hop', '2')).toMatch(
      /^--hop 2: expected at most the window/,
    );
    expect(existsSync('a.npy')).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith(`.${process.pid}`))).toEqual([]);
  });

  it('leaves an earlier file as it was where nothing can be embedded', async () => {
    const out = join(folder, 'kept.npy');
    const rows = join(folder, 'kept.rows.csv');
    for (const file of [out, rows]) writeFileSync(file, 'earlier');
    jest.spyOn(console, 'error').mockImplementation();
    expect(await embed(join(folder, 'nowhere.wav'), '--out', out)).toBe(1);
    expect([out, rows].map((file) => readFileSync(file, 'utf8'))).toEqual(['earlier', 'earlier']);
  });
});
