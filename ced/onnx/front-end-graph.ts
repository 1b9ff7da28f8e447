/**
 * CED's front end in ONNX: float waveform to log-mel in dB, the numbers of `audio/log-mel.ts`. The
 * Fourier transform is two products of matrices. The window vanishes at its first sample and is
 * symmetric around the middle one, so a frame is folded there first, which halves the products: its
 * even part meets the cosines, its odd part the sines. The bins at 0 Hz and 8 kHz are in no mel
 * filter and left out.
 */
import { hopSamples } from '../audio/frames';
import { hannWindow, melFilters, MINIMUM_POWER, TOP_DB, WINDOW_SAMPLES } from '../audio/log-mel';
import type { OnnxGraph, Value } from './onnx-graph';

const HALF = WINDOW_SAMPLES / 2;
const BINS = HALF - 1;
const BLOCKS = Math.ceil(WINDOW_SAMPLES / hopSamples);

/**
 * `waveform` [batch, samples] in [−1, 1) to dB [batch, frames, mels]. onnxruntime refuses clips of
 * no more than half a window.
 */
export function logMelGraph(graph: OnnxGraph, waveform: Value, mels: number): Value {
  const { even, odd } = folded(graph, frames(graph, waveform));
  const real = graph.value('MatMul', [even, graph.floats(transform(Math.cos, HALF), [HALF, BINS])]);
  const imaginary = graph.value('MatMul', [
    odd,
    graph.floats(transform(Math.sin, BINS), [BINS, BINS]),
  ]);
  const square = (x: Value): Value => graph.value('Mul', [x, x]);
  const power = graph.value('Add', [square(real), square(imaginary)]);
  const filters = melFilters(mels).subarray(mels, mels * (BINS + 1)); // rows of bins 1 to 255
  const filtered = graph.value('MatMul', [power, graph.floats(filters, [BINS, mels])]);
  const decibels = graph.value('Mul', [
    graph.value('Log', [graph.value('Max', [filtered, graph.scalar(MINIMUM_POWER)])]),
    graph.scalar(10 / Math.LN10),
  ]);
  const peak = graph.value('ReduceMax', [decibels], { axes: [1, 2], keepdims: 1 });
  return graph.value('Max', [decibels, graph.value('Sub', [peak, graph.scalar(TOP_DB)])]);
}

/**
 * Windows of the mirrored clip every hop, unweighted: [batch, frames, window]. Hop-sized blocks,
 * shifted and put side by side.
 */
function frames(graph: OnnxGraph, waveform: Value): Value {
  const mirrored = graph.value('Pad', [waveform, graph.integers(0, HALF, 0, HALF)], {
    mode: 'reflect',
  });
  const padded = graph.value('Pad', [mirrored, graph.integers(0, 0, 0, hopSamples)]);
  const samples = graph.extent(waveform, 1);
  const hops = graph.value('Div', [samples, graph.integers(hopSamples)]);
  const frameCount = graph.value('Add', [hops, graph.integers(1)]);
  const end = graph.value('Mul', [
    graph.value('Add', [hops, graph.integers(BLOCKS)]),
    graph.integers(hopSamples),
  ]);
  const whole = graph.value('Slice', [padded, graph.integers(0), end, graph.integers(1)]);
  const blocks = graph.value('Reshape', [whole, graph.integers(0, -1, hopSamples)]);
  const parts = Array.from({ length: BLOCKS }, (_, index) => {
    const width = Math.min(hopSamples, WINDOW_SAMPLES - index * hopSamples);
    const stop = graph.value('Add', [frameCount, graph.integers(index)]);
    const shifted = graph.value('Slice', [blocks, graph.integers(index), stop, graph.integers(1)]);
    return width === hopSamples
      ? shifted
      : graph.value('Slice', [
          shifted,
          graph.integers(0),
          graph.integers(width),
          graph.integers(2),
        ]);
  });
  return graph.value('Concat', parts, { axis: 2 });
}

/**
 * x[n] + x[512 − n] for n = 1 … 256 (the middle sample alone) and x[n] − x[512 − n] for n = 1 …
 * 255.
 */
function folded(graph: OnnxGraph, windows: Value): { even: Value; odd: Value } {
  const slice = (start: number, end: number, step: number): Value =>
    graph.value('Slice', [
      windows,
      graph.integers(start),
      graph.integers(end),
      graph.integers(2),
      graph.integers(step),
    ]);
  const [front, middle, back] = [
    slice(1, HALF, 1),
    slice(HALF, HALF + 1, 1),
    slice(WINDOW_SAMPLES - 1, HALF, -1),
  ];
  const even = graph.value('Concat', [graph.value('Add', [front, back]), middle], { axis: 2 });
  return { even, odd: graph.value('Sub', [front, back]) };
}

/** window[n] · wave(2π·n·bin / 512) for n = 1 … rows and bins 1 … 255, [rows, bins]. */
function transform(wave: (angle: number) => number, rows: number): Float32Array {
  const window = hannWindow();
  return Float32Array.from({ length: rows * BINS }, (_, index) => {
    const [n, bin] = [1 + Math.floor(index / BINS), 1 + (index % BINS)];
    return window[n]! * wave((2 * Math.PI * ((n * bin) % WINDOW_SAMPLES)) / WINDOW_SAMPLES);
  });
}
