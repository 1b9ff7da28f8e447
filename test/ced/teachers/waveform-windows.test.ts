import { clipWindows, padWindow } from '../../../ced/teachers/waveform-windows';

const anyLength = { samples: null };

describe('the windows of a clip', () => {
  it.each<[string, number, Parameters<typeof clipWindows>[2], number | null, unknown]>([
    ['the whole of it', 900, {}, null, { starts: [0], samples: 900, length: 900 }],
    [
      'one of the length that is stated',
      900,
      {},
      1000,
      { starts: [0], samples: 900, length: 1000 },
    ],
    [
      'side by side',
      800,
      { windowSeconds: 0.025 },
      null,
      { starts: [0, 400], samples: 400, length: 400 },
    ],
    ['the last ending with it', 900, {}, 400, { starts: [0, 400, 500], samples: 400, length: 400 }],
    [
      'a hop apart',
      800,
      { hopSeconds: 0.0125 },
      400,
      { starts: [0, 200, 400], samples: 400, length: 400 },
    ],
    [
      'at the rate',
      800,
      { windowSeconds: 0.0125, sampleRate: 32_000 },
      null,
      { starts: [0, 400], samples: 400, length: 400 },
    ],
    [
      'at least the shortest',
      100,
      { shortestSeconds: 0.025 },
      null,
      { starts: [0], samples: 100, length: 400 },
    ],
    [
      'all of a clip longer than that',
      500,
      { shortestSeconds: 0.025 },
      null,
      { starts: [0], samples: 500, length: 500 },
    ],
  ])('are %s', (_what, samples, declared, stated, expected) => {
    expect(clipWindows(samples, { samples: stated }, declared)).toEqual(expected);
  });

  it('are refused where the network takes another length', () => {
    expect(() => clipWindows(900, { samples: 144_000 }, { windowSeconds: 3 })).toThrow(
      'it takes 144000 samples, and windowSeconds of 3 are 48000 at 16000 Hz',
    );
    const { samples } = clipWindows(144_000, anyLength, { windowSeconds: 3, sampleRate: 48_000 });
    expect(samples).toBe(144_000);
  });

  it('are refused where a hop would pass over audio, or is one of no windows', () => {
    expect(() => clipWindows(900, { samples: 400 }, { hopSeconds: 0.03 })).toThrow(
      'hopSeconds of 0.03 would pass over audio between windows of 400 samples',
    );
    expect(() => clipWindows(900, anyLength, { hopSeconds: 0.03 })).toThrow(
      'hopSeconds needs windowSeconds, as it takes clips of any length',
    );
  });

  it.each([
    ['zeros', [1, 2, 3, 0, 0, 0, 0, 0]],
    ['repeat', [1, 2, 3, 1, 2, 3, 1, 2]],
  ] as const)('are padded with %s', (pad, expected) => {
    const out = Float32Array.of(1, 2, 3, 0, 0, 0, 0, 0);
    padWindow(out, 3, { pad });
    expect([...out]).toEqual(expected);
  });
});
