/**
 * Audio of the replicas: a class of a dataset is an instrument of the demo's smallest sound bank. A
 * pure function of (classes, take).
 */
import { loadBank } from '../../examples/instruments/render/banks';
import { INSTRUMENTS } from '../../examples/instruments/render/classes';
import { Draws } from '../../examples/instruments/render/draws';
import type { Note } from '../../examples/instruments/render/score';
import { playPart } from '../../examples/instruments/render/synth';
import { sampleRate } from '../../ced/audio/mono16k';

/** Far apart in timbre, so that a training of seconds can tell them. */
const PLAYED = ['Violin', 'Glockenspiel', 'Snare Drum', 'Tuba', 'Closed Hi-Hat', 'Church Organ'];
const LEVEL = 0.5;
const NOTES_A_SECOND = 4;

export interface Take {
  /** Numbers of the classes that sound together. */
  classes: readonly number[];
  take: number;
  seconds: number;
}

/** @returns samples at 16 kHz, the largest at half of full scale */
export async function soundOf({ classes, take, seconds }: Take): Promise<Float32Array> {
  const mix = new Float32Array(Math.round(seconds * sampleRate));
  for (const each of classes) {
    const part = await played(each, take);
    for (let at = 0; at < mix.length; at++) mix[at]! += part[at % part.length]!;
  }
  const loudest = mix.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return mix.map((sample) => (sample / loudest) * LEVEL);
}

async function played(number: number, take: number): Promise<Float32Array> {
  const name = PLAYED[number % PLAYED.length];
  const instrument = INSTRUMENTS.find((each) => each.name === name)!;
  const draws = new Draws('corpora', number, take);
  const notes: Note[] = Array.from({ length: 4 * NOTES_A_SECOND }, (_, at) => ({
    key:
      instrument.kind === 'melodic'
        ? draws.integer(instrument.lowestKey, instrument.highestKey)
        : draws.pick(instrument.keys),
    velocity: draws.integer(70, 120),
    startSeconds: at / NOTES_A_SECOND,
    seconds: draws.uniform(0.1, 0.4),
  }));
  const plain = { brightness: 64, attack: 64, release: 64, modulation: 0 };
  const playing = { ...plain, drumKit: 0, detuneCents: draws.uniform(-30, 30) };
  return playPart(await loadBank('TimGM6mb'), { instrument, notes }, playing);
}
