// A picture of a window of samples: time to the right, frequency upwards, level as brightness.

const WINDOW = 512;
const FLOOR_DB = -90;
const RANGE_DB = 70;

/** Levels in dB of `columns` moments, each WINDOW / 2 values from 0 Hz up. */
export function levels(samples, columns) {
  const hann = Float32Array.from(
    { length: WINDOW },
    (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / WINDOW),
  );
  const step = Math.max(0, samples.length - WINDOW) / Math.max(1, columns - 1);
  return Array.from({ length: columns }, (_, column) => {
    const start = Math.round(column * step);
    const real = hann.map((weight, at) => weight * (samples[start + at] ?? 0));
    const imaginary = new Float32Array(WINDOW);
    fourier(real, imaginary);
    return Float32Array.from({ length: WINDOW / 2 }, (_, bin) => {
      const amplitude = Math.hypot(real[bin], imaginary[bin]) / (WINDOW / 4);
      return 20 * Math.log10(Math.max(amplitude, 1e-6));
    });
  });
}

/** In place, for a length that is a power of two. */
function fourier(real, imaginary) {
  const { length } = real;
  for (let from = 1, to = 0; from < length; from++) {
    let bit = length >> 1;
    for (; to & bit; bit >>= 1) to ^= bit;
    to ^= bit;
    if (from < to) [real[from], real[to]] = [real[to], real[from]];
  }
  for (let half = 1; half < length; half *= 2)
    for (let start = 0; start < length; start += 2 * half)
      for (let at = start; at < start + half; at++) {
        const angle = (-Math.PI * (at - start)) / half;
        const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
        const turnedReal = real[at + half] * cosine - imaginary[at + half] * sine;
        const turnedImaginary = real[at + half] * sine + imaginary[at + half] * cosine;
        real[at + half] = real[at] - turnedReal;
        imaginary[at + half] = imaginary[at] - turnedImaginary;
        real[at] += turnedReal;
        imaginary[at] += turnedImaginary;
      }
}

export function drawSpectrogram(canvas, samples) {
  const context = canvas.getContext('2d');
  const { width, height } = canvas;
  const image = context.createImageData(width, height);
  levels(samples, width).forEach((column, x) => {
    for (let y = 0; y < height; y++) {
      const level = column[Math.floor(((height - 1 - y) * column.length) / height)];
      const share = Math.max(0, Math.min(1, (level - FLOOR_DB) / RANGE_DB));
      const at = 4 * (y * width + x);
      image.data.set([255 * share ** 1.5, 230 * share ** 2, 60 + 120 * share, 255], at);
    }
  });
  context.putImageData(image, 0, 0);
}
