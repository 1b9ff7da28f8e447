import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chunkPlan } from '../../../ced/audio/chunks';
import { frameCount } from '../../../ced/audio/frames';
import { LogMel } from '../../../ced/audio/log-mel';
import { encodeNpyInt16 } from '../../../ced/audio/npy';
import { encodeShardTable } from '../../../ced/audio/shard-table';
import { shiftInto } from '../../../ced/augment/apply';
import { drawAugmentation, melBins, type AugmentParameters } from '../../../ced/augment/parameters';
import { philox, uniform } from '../../../ced/augment/random';
import { openEngine } from '../../../ced/engine/engine';
import { createLogitTable } from '../../../ced/logits/logit-table';
import { encodeLogitShard } from '../../../ced/logits/shard-file';
import { writeTargets } from '../../../ced/logits/targets';
import { topK } from '../../../ced/logits/top-k';
import { pythonWithReaders, repositoryRoot } from '../../../infra/toolchain';
import { describeWithPyTorch } from '../../support/pytorch';

const classes = 12;
const stored = 5;
const views = 3;
const augment = {
  shift: { maxFraction: 0.5, probability: 0.5 },
  timeMask: { maxFrames: 60 },
  freqMask: { maxBins: 24 },
};
const draw = (a: number, b: number): number => uniform(philox([7, 11], [a, b, 0, 0])[0]);

/** A clip of two chunks, the second cut short, and one shorter than a chunk. */
const waves = [24_800, 9_000].map((samples, clip) =>
  Int16Array.from(
    { length: samples },
    (_, at) =>
      6000 * Math.sin(at * (0.02 + 0.3 * clip) * (1 + at / 60_000)) + 900 * (draw(at, clip) - 0.5),
  ),
);
const rows = waves.flatMap((wave, clip) =>
  chunkPlan(wave.length, 1).flatMap((span, chunk) =>
    Array.from({ length: views }, (_, view) => {
      const pcm = wave.subarray(span.start, span.start + span.length);
      return {
        clip,
        chunk,
        view,
        pcm,
        parameters: drawAugmentation(
          augment,
          { seed: 5, clipSha256: `${clip}`, chunk, view },
          span.length,
        ),
      };
    }),
  ),
);

function logits() {
  const table = createLogitTable(rows.length, stored);
  rows.forEach(({ clip, chunk, view, parameters }, row) => {
    const { shift, timeStart, timeWidth, freqStart, freqWidth } = parameters;
    for (const [field, value] of Object.entries({
      clip,
      chunk,
      view,
      shift,
      timeStart,
      timeWidth,
      freqStart,
      freqWidth,
    }))
      table[field as 'clip'][row] = value;
    const top = topK(
      Float32Array.from({ length: classes }, (_, index) => draw(row, 100 + index)),
      stored,
    );
    table.indexes.set(top.indexes, row * stored);
    table.values.set(top.values, row * stored);
  });
  return table;
}

/** What our training step sees: masks write 0 on the log-mel of the shifted chunk. */
function masked(
  pcm: Int16Array,
  { shift, timeStart, timeWidth, freqStart, freqWidth }: AugmentParameters,
): Float32Array {
  const shifted = new Int16Array(pcm.length);
  shiftInto(pcm, shift, shifted, 0);
  const mel = new LogMel(openEngine()).compute(shifted, 1, pcm.length);
  const frames = frameCount(pcm.length);
  return mel.map((value, at) => {
    const [bin, frame] = [Math.floor(at / frames), at % frames];
    const hidden =
      (frame >= timeStart && frame < timeStart + timeWidth) ||
      (bin >= freqStart && bin < freqStart + freqWidth);
    return hidden ? 0 : value;
  });
}

const documents = readFileSync(join(repositoryRoot, 'docs/formats.md'), 'utf8');
const [replay = '', torchDataset = ''] = [
  ...documents
    .slice(documents.indexOf("## A student of one's own"))
    .matchAll(/```python\n([^]*?)```/g),
].map(([, code]) => code);

describe('the dataset at the end of docs/formats.md', () => {
  const table = logits();
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-replay-'));
    for (const room of ['audio', 'logits/key']) mkdirSync(join(folder, room), { recursive: true });
    const [first, second] = waves as [Int16Array, Int16Array];
    writeFileSync(
      join(folder, 'audio/shard.npy'),
      encodeNpyInt16(first.length + second.length, waves),
    );
    const clips = waves.map(({ length }, clip) => ({
      clip: `${clip}`,
      sha256: `${clip}`,
      offset: clip * first.length,
      samples: length,
      labels: null,
    }));
    writeFileSync(join(folder, 'audio/shard.parquet'), await encodeShardTable(clips));
    writeFileSync(join(folder, 'logits/key/shard.parquet'), await encodeLogitShard(table));
    const use = `
data = Replay("${folder}", "key", "shard", ${classes}, chunk_seconds=1)
for n in range(len(data)):
    mel, target = data[n]
    assert mel.dtype == target.dtype == np.float32
    mel.tofile(f"${folder}/{n}.mel"); target.tofile(f"${folder}/{n}.target")
print(len(data))
`;
    writeFileSync(join(folder, 'replay.py'), replay + use);
    expect(
      execFileSync(pythonWithReaders(), [join(folder, 'replay.py')], { encoding: 'utf8' }).trim(),
    ).toBe(`${rows.length}`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const read = (file: string): Float32Array => {
    const bytes = readFileSync(join(folder, file));
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  };

  it('shows rows with and without a shift, and masks', () => {
    const parameters = rows.map((row) => row.parameters);
    expect(rows).toHaveLength(9);
    expect(new Set(parameters.map(({ shift }) => shift === 0))).toEqual(new Set([true, false]));
    expect(
      parameters.some(({ timeWidth }) => timeWidth > 0) &&
        parameters.some(({ freqWidth }) => freqWidth > 0),
    ).toBe(true);
  });

  it('gives the log-mel that a student of ours is shown', () => {
    rows.forEach(({ pcm, parameters }, row) => {
      const theirs = read(`${row}.mel`);
      const ours = masked(pcm, parameters);
      expect(theirs).toHaveLength(melBins * frameCount(pcm.length));
      const worst = ours.reduce(
        (largest, value, at) => Math.max(largest, Math.abs(value - theirs[at]!)),
        0,
      );
      expect(worst).toBeLessThan(1e-2);
    });
  });

  it('gives the targets that it learns from, bit by bit', () => {
    rows.forEach((_, row) => {
      const ours = new Float32Array(classes);
      writeTargets(table, row, classes, 'zero', stored, ours, 0);
      expect(read(`${row}.target`)).toEqual(ours);
    });
  });

  describeWithPyTorch('as a PyTorch dataset', (python) => {
    it('gives each epoch one view of every chunk, the same log-mel and targets, in batches', () => {
      const use = `
import json
store = dict(store="${folder}", key="key", shard="shard", classes=${classes}, chunk_seconds=1)
order = []
for number in range(${views + 1}):
    loader = epoch(number, views=${views}, batch_size=1, **store)
    assert isinstance(loader.dataset, torch.utils.data.Dataset)
    assert len(loader.dataset) == ${rows.length / views}
    for mel, target in loader:
        assert mel.dtype == target.dtype == torch.float32
        assert mel.shape[:2] == (1, 64) and target.shape == (1, ${classes})
    for n in range(len(loader.dataset)):
        mel, target = loader.dataset[n]
        row = n * ${views} + number % ${views}
        stored = np.fromfile(f"${folder}/{row}.mel", np.float32).reshape(64, -1)
        order.append([bool((mel == stored).all()),
                      bool((target == np.fromfile(f"${folder}/{row}.target", np.float32)).all())])
print(json.dumps(order))
`;
      writeFileSync(join(folder, 'with_torch.py'), `${replay}\n${torchDataset}\n${use}`);
      const seen = JSON.parse(
        execFileSync(python.program, [join(folder, 'with_torch.py')], {
          encoding: 'utf8',
          env: python.environment,
        }),
      ) as boolean[][];
      expect(seen).toHaveLength((rows.length / views) * (views + 1));
      expect(seen.flat().every(Boolean)).toBe(true);
    });
  });
});
