import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describeFailure } from '../../cli/failure';
import { ced } from '../../cli/main';
import { wavBytes } from '../ced/audio/wav-bytes';
import { labelOf, referencePredictor, sweep, writeReferenceModel } from '../support/tagged-model';
import { referenceModel } from '../ced/parity/reference-vectors';
import { catchOutput, type CaughtOutput } from '../support/caught-output';
import { documentedOutput } from '../support/documented-output';

const rate = 16_000;
const samples = sweep(3.3);
const classes = referenceModel().config.outputdim;
/** Windows of a second every quarter; the last ends with the recording. */
const starts = [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.3];
const OVER_TIME = ['--window', '1', '--hop', '0.25', '--median', '1'];

interface Event {
  file: string;
  start: number;
  end: number;
  label: string;
  probability: number;
}

describe('ced tag over time', () => {
  let folder: string;
  let model: string;
  let file: string;
  /** [windows][classes], of each window alone. */
  let scores: number[][];
  /** Of each class: midway between its probabilities, so that some windows are events. */
  let thresholds: number[];
  let printed: CaughtOutput;
  let complained: CaughtOutput;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-over-time-'));
    model = writeReferenceModel(join(folder, 'model'));
    file = join(folder, 'sweep.wav');
    writeFileSync(file, wavBytes([samples], { bits: 16 }));
    const predictor = referencePredictor();
    scores = starts.map((start) => {
      const pcm = Int16Array.from(samples.slice(start * rate, (start + 1) * rate));
      return [...predictor.probabilities({ pcm, batch: 1, samples: rate, masks: null })];
    });
    predictor.dispose();
    thresholds = Array.from({ length: classes }, (_, index) => {
      const column = scores.map((row) => row[index]!).sort((a, b) => a - b);
      return (column[5]! + column[6]!) / 2;
    });
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    printed = catchOutput('stdout');
    complained = catchOutput('stderr');
  });
  afterEach(() => jest.restoreAllMocks());

  const tag = async (...argv: string[]): Promise<number> =>
    await ced(['tag', ...argv, '--model', model]);
  const events = (): Event[] =>
    printed.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => documentedOutput<Event>('tag-events', line));

  /** Of a class by its windows' probabilities. */
  function expectedEvents(index: number, threshold: number): Omit<Event, 'file' | 'label'>[] {
    const edges = starts.map((start, hop) =>
      hop === 0 ? 0 : (starts[hop - 1]! + start) / 2 + 0.5,
    );
    const found: Omit<Event, 'file' | 'label'>[] = [];
    let open = false;
    starts.forEach((_, hop) => {
      const probability = scores[hop]![index]!;
      if (probability >= threshold && !open)
        found.push({ start: edges[hop]!, end: 3.3, probability });
      else if (probability >= threshold)
        found.at(-1)!.probability = Math.max(found.at(-1)!.probability, probability);
      else if (open) found.at(-1)!.end = edges[hop]!;
      open = probability >= threshold;
    });
    return found;
  }

  it('prints the events that the windows alone give', async () => {
    const threshold = thresholds[3]!;
    expect(await tag(file, ...OVER_TIME, '--threshold', String(threshold), '--json')).toBe(0);
    const own = events().filter(({ label }) => label === labelOf(3));
    const wanted = expectedEvents(3, threshold);
    expect(wanted.length).toBeGreaterThan(0);
    expect(own).toEqual(
      wanted.map(({ start, end, probability }) => ({
        formatVersion: 1,
        file,
        start: expect.closeTo(start, 4),
        end: expect.closeTo(end, 4),
        label: labelOf(3),
        probability: expect.closeTo(probability, 5),
      })),
    );
    expect(events().map(({ end }) => end)).toEqual(
      events()
        .map(({ end }) => end)
        .sort((a, b) => a - b),
    );
  });

  it('takes the thresholds beside the weights, of the criterion that is asked for', async () => {
    const fitted = (threshold: number) => ({
      positives: 5,
      bestF1: { threshold, precision: 1, recall: 1 },
      atPrecision: [{ stated: 0.9, threshold: 2, precision: 1, recall: 0.1 }],
    });
    const own = writeReferenceModel(join(folder, 'with-thresholds'));
    const names = thresholds.map((_, index) => ({ mid: `/m/${index}`, name: labelOf(index) }));
    const record = {
      formatVersion: 1,
      clips: 10,
      overall: fitted(0.5),
      classes: names.map((name, index) => ({ ...name, ...fitted(thresholds[index]!) })),
    };
    writeFileSync(join(own, 'thresholds.json'), JSON.stringify(record));
    expect(await ced(['tag', file, '--model', own, ...OVER_TIME, '--json'])).toBe(0);
    const counts = thresholds.map((threshold, index) => expectedEvents(index, threshold).length);
    expect(counts).toEqual(
      counts.map((_, index) => events().filter(({ label }) => label === labelOf(index)).length),
    );
    printed.text = '';
    const strict = ['--threshold', 'precision:0.9', '--json'];
    expect(await ced(['tag', file, '--model', own, ...OVER_TIME, ...strict])).toBe(0);
    expect(printed.text).toBe('');
    const written = (classesOfFile: object[]): void =>
      writeFileSync(
        join(own, 'thresholds.json'),
        JSON.stringify({ ...record, classes: classesOfFile }),
      );
    written(record.classes.slice(1));
    for (const command of [
      ['tag', file, ...OVER_TIME],
      ['export', '--out', join(folder, 'other.onnx')],
    ])
      await expect(ced([...command, '--model', own])).rejects.toThrow(
        `thresholds.json is of ${classes - 1} classes, and the model has ${classes}; remove it`,
      );
    written(record.classes.toReversed());
    await expect(ced(['tag', file, '--model', own, ...OVER_TIME])).rejects.toThrow(
      `thresholds.json is of other classes: number 0 is ${labelOf(classes - 1)}, and of the ` +
        `model ${labelOf(0)}; remove it`,
    );
    await expect(tag(file, ...OVER_TIME, '--threshold', 'f1')).rejects.toThrow(
      "the model's folder has no thresholds.json, expected a probability",
    );
  });

  it('finds the same events on standard input, with and without a header', async () => {
    const threshold = ['--threshold', String(thresholds[3]!), '--json'];
    const bytes = Buffer.from(wavBytes([samples], { bits: 16, statedDataBytes: 0x7fffffff }));
    const fed = (parts: Buffer[]) =>
      jest
        .spyOn(process, 'stdin', 'get')
        .mockReturnValue(Readable.from(parts) as typeof process.stdin);
    await tag(file, ...OVER_TIME, ...threshold);
    const wanted = events().map((event) => ({ ...event, file: '-' }));
    printed.text = '';
    fed([bytes.subarray(0, 30), bytes.subarray(30, 40_001), bytes.subarray(40_001)]);
    expect(await tag('-', ...OVER_TIME, ...threshold)).toBe(0);
    expect(events()).toEqual(wanted);
    printed.text = '';
    fed([bytes.subarray(44)]);
    expect(await tag('-', ...OVER_TIME, ...threshold, '--raw', 'S16_LE')).toBe(0);
    expect(events()).toEqual(wanted);
  });

  it('writes text, CSV, labels for Audacity and subtitles', async () => {
    const written = async (format: string): Promise<string> => {
      printed.text = '';
      const options = ['--threshold', '0', '--format', format, '--window', '3', '--hop', '3'];
      expect(await tag(file, ...options)).toBe(0);
      return printed.text;
    };
    expect(await written('text')).toMatch(
      new RegExp(`^${file}\n {2}0\\.00–3\\.30 s {2}0\\.\\d{3} {2}sound 0\n`),
    );
    expect(await written('csv')).toMatch(
      /^file,start,end,label,probability\r\n\S+sweep\.wav,0,3\.3,sound 0,0\.\d{6}\r\n/,
    );
    expect(await written('audacity')).toMatch(/^0\.000000\t3\.300000\tsound 0\n0\.000000\t/);
    expect(await written('vtt')).toMatch(
      /^WEBVTT\n\n00:00:00\.000 --> 00:00:03\.300\nsound 0 0\.\d\d\n\n/,
    );
  });

  it('writes an event a line, whatever the names of the classes hold', async () => {
    const odd = writeReferenceModel(join(folder, 'odd-names'), (index) => `a,\r\n"b"\tc ${index}`);
    const written = async (...options: string[]): Promise<string> => {
      printed.text = '';
      expect(await ced(['tag', file, '--model', odd, ...options])).toBe(0);
      return printed.text;
    };
    const whole = ['--threshold', '0', '--window', '3', '--hop', '3', '--format'];
    const firsts = Array.from({ length: classes }, (_, index) => `a, "b"\tc ${index}`);
    const inLines = (text: string): string[] => text.split('\n').slice(0, -1);
    const spans = inLines(await written(...whole, 'text')).slice(1);
    expect(spans.map((line) => line.slice(22))).toEqual(firsts);
    const chunk = inLines(await written('--top', '100')).slice(2);
    expect(chunk.map((line) => line.slice(11)).sort()).toEqual([...firsts].sort());
    const [live = ''] = inLines(await written('--stream', '--window', '3', '--top', '100'));
    for (const label of firsts) expect(live).toContain(` ${label}`);
    expect(inLines(await written(...whole, 'audacity'))).toHaveLength(classes);
    expect(inLines(await written(...whole, 'jsonl'))).toHaveLength(classes);
    expect(await written(...whole, 'csv')).toContain(',"a,\r\n""b""\tc 0",');
    expect((await written(...whole, 'vtt')).split('\n\n')).toHaveLength(classes + 2);
  });

  it('has one window for a short recording, and refuses one without a patch', async () => {
    const short = join(folder, 'short.wav');
    writeFileSync(short, wavBytes([samples.slice(0, 8000)], { bits: 16 }));
    const tiny = join(folder, 'tiny.wav');
    writeFileSync(tiny, wavBytes([samples.slice(0, 1600)], { bits: 16 }));
    expect(await tag(tiny, short, '--window', '1', '--threshold', '0', '--json')).toBe(1);
    expect(events()).toHaveLength(classes);
    expect(events()[0]).toMatchObject({ file: short, start: 0, end: 0.5 });
    expect(complained.text).toBe(
      `error: ${tiny}: 1600 samples at 16 kHz are too short: the model needs 2400\n`,
    );
  });

  it('names files that are missing or whose channels cancel, and tags the others', async () => {
    const opposite = join(folder, 'opposite.wav');
    const channels = [samples, samples.map((sample) => -sample)];
    writeFileSync(opposite, wavBytes(channels, { bits: 16 }));
    expect(await tag('nowhere', opposite, file, ...OVER_TIME, '--json')).toBe(1);
    expect(complained.text).toContain('error: nowhere: no such file or folder\n');
    expect(complained.text).toContain(`error: ${opposite}: channelsCancel: its 2 channels cancel`);
    complained.text = '';
    const first = ['--channels', 'loudest', '--threshold', String(thresholds[3]!), '--json'];
    printed.text = '';
    expect(await tag(opposite, ...OVER_TIME, ...first)).toBe(0);
    const chosen = events().map((event) => ({ ...event, file }));
    printed.text = '';
    expect(await tag(file, ...OVER_TIME, ...first)).toBe(0);
    expect(chosen).toEqual(events());
  });

  it('ends on Ctrl-C with the events so far, and a status of its own', async () => {
    const long = join(folder, 'long.wav');
    writeFileSync(long, wavBytes([sweep(60)], { bits: 16 }));
    const median = ['--window', '1', '--hop', '1', '--median', '1', '--json'];
    // Present until the first window that is below: some event ends early.
    const threshold = ['--threshold', String(scores[0]![3]! + 1e-4)];
    await tag(long, ...median, ...threshold);
    const whole = events();
    printed.text = '';
    let isInterrupted = false;
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed.text += String(text);
      if (!isInterrupted) process.emit('SIGINT');
      isInterrupted = true;
      return true;
    });
    expect(await tag(long, 'nowhere', ...median, ...threshold)).toBe(130);
    expect(events().length).toBeGreaterThan(0);
    expect(events().at(-1)!.end).toBeLessThan(60);
    expect(whole.slice(0, 3)).toEqual(events().slice(0, 3));
    expect(complained.text).toBe('');
    expect(process.listenerCount('SIGINT')).toBe(0);
  });

  it.each([
    [['--window', '1e9'], '--window 1000000000: expected at most an hour, 3600 s'],
    [['--window', '0.1'], '--window 0.1: the model needs at least 0.15 s'],
    [['--hop', '1e-9'], '--hop 1e-9: expected at least a sample, 0.0000625 s'],
    [['--chunk-seconds', '1e-9'], '--chunk-seconds 1e-9: the model needs at least 0.15 s'],
  ])('refuses lengths that no model or memory can take: %j', async (options, complaint) => {
    await expect(tag(file, ...options)).rejects.toThrow(complaint);
    if (options[0] === '--chunk-seconds') return;
    const out = join(folder, 'refused.npy');
    await expect(ced(['embed', file, '--model', model, '--out', out, ...options])).rejects.toThrow(
      complaint,
    );
  });

  it('says in one line which options do not go together', async () => {
    mkdirSync(join(folder, 'two'));
    for (const name of ['a', 'b'])
      writeFileSync(join(folder, 'two', `${name}.wav`), wavBytes([samples], { bits: 16 }));
    const complaint = async (...argv: string[]): Promise<string> =>
      await tag(...argv).then(() => 'none', describeFailure);
    expect(await complaint(file, '--median', '3')).toBe(
      '--median goes with --window, --hop or --stream',
    );
    expect(await complaint(file, '--window', '1', '--hop', '2')).toBe(
      '--hop 2: expected at most the window, 1 s',
    );
    expect(await complaint(file, '--window', '1', '--median', '2')).toBe(
      '--median 2: expected an odd number of windows',
    );
    expect(await complaint(file, '--window', '1', '--median', '999999999')).toBe(
      '--median 999999999: expected at most 9999 windows',
    );
    expect(await complaint(file, '--window', '1', '--chunk-seconds', '2')).toMatch(/give it or/);
    expect(await complaint(file, '--window', '1', '--raw', 'S16_LE')).toMatch(/name - to read it/);
    expect(await complaint('-', '--stream', '--raw', 'S16_LE', '--raw-channels', '1000000')).toBe(
      '--raw-channels 1000000: expected a whole number from 1 to 1024',
    );
    expect(await complaint('-', '--stream', '--raw', 'S16_LE', '--raw-rate', '1e300')).toBe(
      '--raw-rate 1e300: expected a whole number from 1000 to 384000',
    );
    expect(await complaint(file, '--stream', '--format', 'vtt')).toMatch(/--format vtt events$/);
    expect(await complaint(file, '--stream', '--median', '3')).toMatch(/--median waits/);
    expect(await complaint(file, '--window', '1', '--threshold', 'high')).toMatch(
      /expected a probability between 0 and 1, f1, or precision:P/,
    );
    expect(await complaint(join(folder, 'two'), '--window', '1', '--format', 'audacity')).toBe(
      '--format audacity takes one recording, got 2',
    );
  });
});
