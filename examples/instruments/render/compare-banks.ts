import type { BasicSample, BasicSoundBank } from 'spessasynth_core';
import { commandLine } from '../../../infra/command-line/command-line';
import { fraction, oneOf } from '../../../infra/command-line/option';
import type { BankName } from './banks';
import { DRUM_KITS, loadBank } from './banks';
import { INSTRUMENTS } from './classes';
import { MatchedFilter } from './matched-filter';

/**
 * Do two sound banks share recordings? Looks for excerpts of every sample that a training bank
 * plays for our instruments in all samples of the evaluation bank, by normalised cross-correlation
 * at 8 kHz, and prints the matches. Finding: neither FluidR3Mono_GM (397 samples) nor
 * MuseScore_General_Lite (545) has a recording of TimGM6mb (520), so nothing is left out of
 * training.
 */

const BANKS = Object.keys(DRUM_KITS) as BankName[];

const line = commandLine({
  program: 'node dist/examples/instruments/render/compare-banks.js',
  usage: '[options]',
  about: [
    'Looks for recordings that two sound banks share, by cross-correlation. Takes one to two ' +
      'minutes for a bank.',
  ],
  options: {
    bank: {
      value: 'BANK',
      is: oneOf(...BANKS),
      default: 'FluidR3Mono_GM' satisfies BankName,
      help: `training bank: ${BANKS.join(', ')}`,
    },
    against: {
      value: 'BANK',
      is: oneOf(...BANKS),
      default: 'TimGM6mb' satisfies BankName,
      help: 'evaluation bank',
    },
    threshold: { value: 'R', is: fraction, default: 0.9, help: 'smallest correlation to print' },
    'ignore-rates': { help: 'compare sample by sample, whatever rates the banks declare' },
  },
  examples: [
    'node dist/examples/instruments/render/compare-banks.js --bank MuseScore_General_Lite',
  ],
});

const RATE = 8_000;
/**
 * 128 ms: long enough that two recordings of the same note drift apart, short enough for a drum.
 */
const EXCERPT_SAMPLES = 1_024;
/**
 * Recordings that MuseScore took from Fluid correlate by 0.999 after two lossy encodings; bells and
 * flutes, nearly sines, reach 0.98 by chance.
 */
const SAME_RECORDING = 0.99;

interface Excerpt {
  readonly sample: BasicSample;
  readonly users: ReadonlySet<string>;
  readonly samples: Float32Array;
  /** Where it begins in its sample. */
  readonly start: number;
}

interface Finding {
  readonly name: string;
  readonly other: string;
  readonly users: string;
  readonly correlation: number;
  /**
   * Whether they are the same recording, not only the same sine: one excerpt correlates as only
   * copies do, or both correlate at the distance they have in the sample.
   */
  readonly sameTake: boolean;
}

async function main({ values }: NonNullable<ReturnType<typeof line.parse>>): Promise<number> {
  const rateOf = (sample: BasicSample): number =>
    values['ignore-rates'] ? 44_100 : sample.sampleRate;
  const haystack = await loadBank(values.against);
  const starts: number[] = [];
  const recording = concatenated(
    haystack.samples.map((sample) => resampled(sample.getAudioData(), rateOf(sample))),
    starts,
  );
  const filter = new MatchedFilter(recording, EXCERPT_SAMPLES);

  const bankName = values.bank;
  const used = usedSamples(await loadBank(bankName), bankName);
  const excerpts = [...used].flatMap(([sample, users]) =>
    loudestAndMiddle(resampled(sample.getAudioData(), rateOf(sample))).map((excerpt): Excerpt => ({
      sample,
      users,
      ...excerpt,
    })),
  );
  print(
    `${bankName}: ${used.size} samples of our instruments, ${excerpts.length / 2} of them long ` +
      `enough, against ${haystack.samples.length} of ${values.against}`,
  );
  const findings: Finding[] = [];
  let highest = 0;
  for (let i = 0; i + 1 < excerpts.length; i += 2) {
    const [loudest, middle] = [excerpts[i]!, excerpts[i + 1]!];
    const found = filter.findPair(loudest.samples, middle.samples);
    const strengths = found.map(({ correlation }) => Math.abs(correlation));
    const correlation = Math.max(...strengths);
    highest = Math.max(highest, correlation);
    if (correlation < values.threshold) continue;
    const { position } = found[strengths.indexOf(correlation)]!;
    const drift = found[1].position - found[0].position - (middle.start - loudest.start);
    findings.push({
      name: loudest.sample.name,
      other: haystack.samples[starts.findLastIndex((start) => start <= position)]?.name ?? '?',
      users: [...loudest.users].join(', '),
      correlation,
      sameTake:
        correlation >= SAME_RECORDING || (Math.abs(drift) <= 2 && Math.min(...strengths) >= 0.7),
    });
  }
  for (const { name, other, users, correlation, sameTake } of findings.sort(
    (x, y) => y.correlation - x.correlation,
  )) {
    print(
      `${correlation.toFixed(3)} ${sameTake ? 'same take' : 'alike    '} ${name.padEnd(22)} ~ ` +
        `${other.padEnd(22)} ${users}`,
    );
  }
  const shared = findings.filter(({ sameTake }) => sameTake).length;
  print(
    `${findings.length} samples correlate by ${values.threshold} or more (highest ` +
      `${highest.toFixed(3)}); ${shared} are the same take`,
  );
  return 0;
}

/** Every sample that the score can make a bank play, with the instruments that play it. */
function usedSamples(bank: BasicSoundBank, name: BankName): Map<BasicSample, Set<string>> {
  const used = new Map<BasicSample, Set<string>>();
  for (const instrument of INSTRUMENTS) {
    const melodic = instrument.kind === 'melodic';
    const programs = melodic ? [instrument.program] : DRUM_KITS[name];
    const keys = melodic
      ? Array.from(
          { length: instrument.highestKey - instrument.lowestKey + 1 },
          (_, i) => instrument.lowestKey + i,
        )
      : instrument.keys;
    for (const program of programs) {
      const preset = bank.getPreset(
        { bankMSB: 0, bankLSB: 0, program, isGMGSDrum: !melodic },
        'gs',
      );
      for (const key of keys) {
        for (let velocity = 35; velocity <= 127; velocity += 4) {
          for (const { sample } of preset.getVoiceParameters(key, velocity)) {
            used.set(sample, (used.get(sample) ?? new Set()).add(instrument.name));
          }
        }
      }
    }
  }
  return used;
}

/** Two excerpts of a sample, or none if it is shorter than an excerpt (single-cycle loops). */
function loudestAndMiddle(samples: Float32Array): Pick<Excerpt, 'samples' | 'start'>[] {
  if (samples.length < EXCERPT_SAMPLES) return [];
  const energyAt = (start: number): number =>
    samples.subarray(start, start + EXCERPT_SAMPLES).reduce((sum, x) => sum + x * x, 0);
  let loudest = 0;
  for (let start = 0; start + EXCERPT_SAMPLES <= samples.length; start += EXCERPT_SAMPLES / 4) {
    if (energyAt(start) > energyAt(loudest)) loudest = start;
  }
  const middle = Math.floor((samples.length - EXCERPT_SAMPLES) / 2);
  return [loudest, middle].map((start) => ({
    start,
    samples: samples.subarray(start, start + EXCERPT_SAMPLES),
  }));
}

function concatenated(recordings: readonly Float32Array[], starts: number[]): Float32Array {
  const all = new Float32Array(
    recordings.reduce((sum, { length }) => sum + length + EXCERPT_SAMPLES, EXCERPT_SAMPLES),
  );
  let at = 0;
  for (const recording of recordings) {
    starts.push(at);
    all.set(recording, at);
    at += recording.length + EXCERPT_SAMPLES;
  }
  return all;
}

/** To 8 kHz by a Hann-windowed sinc that passes frequencies below 3.6 kHz. */
function resampled(samples: Float32Array, rate: number): Float32Array {
  const step = rate / RATE;
  const cutoff = Math.min(1, 0.9 / step);
  const reach = Math.ceil(12 / cutoff);
  const out = new Float32Array(Math.floor(samples.length / step));
  for (let i = 0; i < out.length; i += 1) {
    const centre = i * step;
    let sum = 0;
    for (
      let j = Math.max(0, Math.ceil(centre - reach));
      j <= Math.min(samples.length - 1, centre + reach);
      j += 1
    ) {
      const distance = j - centre;
      const angle = Math.PI * cutoff * distance;
      const sinc = angle === 0 ? 1 : Math.sin(angle) / angle;
      sum += samples[j]! * sinc * (0.5 + 0.5 * Math.cos((Math.PI * distance) / reach));
    }
    out[i] = sum * cutoff;
  }
  return out;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

line.run(process.argv.slice(2), main).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
