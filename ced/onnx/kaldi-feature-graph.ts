/**
 * Features of sherpa-onnx as our log-mel: Kaldi's filters are triangles over mels, ours triangles
 * over Hz, so each filter passes a little more or less of a flat spectrum. That difference in dB is
 * added. What stays: shapes of the filters, and frames that lie half a hop later.
 */
import { melFilters, SAMPLE_RATE_HZ, WINDOW_SAMPLES } from '../audio/log-mel';
import type { OnnxGraph, Value } from './onnx-graph';

/** dB [batch, mels, frames] to dB [batch, frames, mels]. */
export function kaldiFeatureGraph(graph: OnnxGraph, features: Value, mels: number): Value {
  const framesFirst = graph.value('Transpose', [features], { perm: [0, 2, 1] });
  return graph.value('Add', [framesFirst, graph.floats(gainsDb(mels), [mels])]);
}

function gainsDb(mels: number): Float32Array {
  const [ours, theirs] = [sums(melFilters(mels), mels), sums(kaldiFilters(mels), mels)];
  return ours.map((sum, mel) => (theirs[mel]! > 0 ? 10 * Math.log10(sum / theirs[mel]!) : 0));
}

function sums(filters: Float32Array, mels: number): Float32Array {
  const total = new Float32Array(mels);
  filters.forEach((weight, index) => (total[index % mels]! += weight));
  return total;
}

/**
 * Kaldi's filters from 0 to 8000 Hz, [bins, mels].
 * https://github.com/csukuangfj/kaldi-native-fbank/blob/master/kaldi-native-fbank/csrc/mel-computations.cc
 */
function kaldiFilters(mels: number): Float32Array {
  const bins = WINDOW_SAMPLES / 2;
  const toMel = (hz: number): number => 1127 * Math.log(1 + hz / 700);
  const step = toMel(SAMPLE_RATE_HZ / 2) / (mels + 1);
  return Float32Array.from({ length: bins * mels }, (_, index) => {
    const [bin, filter] = [Math.floor(index / mels), index % mels];
    const mel = toMel((bin * SAMPLE_RATE_HZ) / WINDOW_SAMPLES);
    return Math.max(0, Math.min(mel / step - filter, filter + 2 - mel / step));
  });
}
