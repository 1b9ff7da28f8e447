/**
 * CED's front end in LiteRT: float waveform of a fixed length to log-mel in dB, the numbers of
 * `audio/log-mel.ts`. The Fourier transform is one product: window times cosines and sines.
 */
import { frameCount, hopSamples } from '../audio/frames';
import { hannWindow, melFilters, MINIMUM_POWER, TOP_DB, WINDOW_SAMPLES } from '../audio/log-mel';
import type { TfliteGraph, Value } from './tflite-graph';

const HALF = WINDOW_SAMPLES / 2;
/** Those at 0 Hz and 8 kHz are in no mel filter. */
const BINS = HALF - 1;
const BLOCKS = Math.ceil(WINDOW_SAMPLES / hopSamples);

/** `waveform` [1, samples] in [−1, 1) to dB [frames, mels]. */
export function logMelGraph(graph: TfliteGraph, waveform: Value, mels: number): Value {
  const windows = frames(graph, waveform);
  const [count] = windows.shape as [number];
  const product = (x: Value, rows: Float32Array, inputs: number): Value => {
    const outputs = rows.length / inputs;
    const weights = graph.floats(rows, [outputs, inputs]);
    const zeros = graph.floats(new Float32Array(outputs), [outputs]);
    return graph.value('FULLY_CONNECTED', [x, weights, zeros], [count, outputs]);
  };
  const parts = product(windows, transform(), WINDOW_SAMPLES);
  const squares = graph.value('MUL', [parts, parts], parts.shape);
  const filtered = product(squares, filters(mels), 2 * BINS);
  const scalar = (value: number): Value => graph.floats(Float32Array.of(value), [1, 1]);
  const shape = [count, mels];
  const power = graph.value('MAXIMUM', [filtered, scalar(MINIMUM_POWER)], shape);
  const logarithm = graph.value('LOG', [power], shape);
  const decibels = graph.value('MUL', [logarithm, scalar(10 / Math.LN10)], shape);
  const peak = graph.value('REDUCE_MAX', [decibels, graph.integers(0, 1)], [1, 1], {
    0: { byte: 1 },
  });
  const floor = graph.value('SUB', [peak, scalar(TOP_DB)], [1, 1]);
  return graph.value('MAXIMUM', [decibels, floor], shape);
}

/** Windows of the mirrored clip every hop, unweighted: [frames, window]. */
function frames(graph: TfliteGraph, waveform: Value): Value {
  const [, samples] = waveform.shape as [number, number];
  const count = frameCount(samples);
  const paddings = (before: number, after: number): Value =>
    graph.matrix([0, 0, before, after], [2, 2]);
  const mirrored = graph.value(
    'MIRROR_PAD',
    [waveform, paddings(HALF, HALF)],
    [1, samples + WINDOW_SAMPLES],
    { 0: { byte: 0 } },
  );
  const padded = graph.value(
    'PAD',
    [mirrored, paddings(0, hopSamples)],
    [1, samples + WINDOW_SAMPLES + hopSamples],
  );
  const rows = count - 1 + BLOCKS;
  const whole = graph.slice(padded, [0, 0], [1, rows * hopSamples]);
  const blocks = graph.reshape(whole, [rows, hopSamples]);
  const parts = Array.from({ length: BLOCKS }, (_, block) => {
    const width = Math.min(hopSamples, WINDOW_SAMPLES - block * hopSamples);
    return graph.slice(blocks, [block, 0], [count, width]);
  });
  return graph.value('CONCATENATION', parts, [count, WINDOW_SAMPLES], { 0: { int: 1 } });
}

/** window[n] · cos(2π·n·bin / 512) for bins 1 … 255, then with sines: [2 · bins, window]. */
function transform(): Float32Array {
  const window = hannWindow();
  return Float32Array.from({ length: 2 * BINS * WINDOW_SAMPLES }, (_, index) => {
    const [row, n] = [Math.floor(index / WINDOW_SAMPLES), index % WINDOW_SAMPLES];
    const angle = (2 * Math.PI * ((n * (1 + (row % BINS))) % WINDOW_SAMPLES)) / WINDOW_SAMPLES;
    return window[n]! * (row < BINS ? Math.cos(angle) : Math.sin(angle));
  });
}

/** Each filter over the squares of cosines and sines: [mels, 2 · bins]. */
function filters(mels: number): Float32Array {
  const published = melFilters(mels); // [bins, mels], from 0 Hz
  return Float32Array.from({ length: mels * 2 * BINS }, (_, index) => {
    const [mel, part] = [Math.floor(index / (2 * BINS)), index % (2 * BINS)];
    return published[(1 + (part % BINS)) * mels + mel]!;
  });
}
