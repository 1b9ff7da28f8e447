import { CLIP_SECONDS } from './clip-format';
import type { Draws } from './draws';
import type { DrumInstrument, Instrument, MelodicInstrument } from './classes';
import { INSTRUMENTS } from './classes';

/**
 * The score of a clip: one to three different instruments, each with its own notes. A score does
 * not depend on sound banks; any bank can play it.
 */

export interface Note {
  /** MIDI key. */
  readonly key: number;
  /** MIDI velocity, 1–127. */
  readonly velocity: number;
  readonly startSeconds: number;
  readonly seconds: number;
}

export interface Part {
  readonly instrument: Instrument;
  /** In order of their start. */
  readonly notes: readonly Note[];
}

export function drawScore(draws: Draws): Part[] {
  const instruments = draws.pickSeveral(INSTRUMENTS, draws.integer(1, 3));
  return instruments.map((instrument) => ({
    instrument,
    notes:
      instrument.kind === 'melodic' ? melodicNotes(draws, instrument) : drumHits(draws, instrument),
  }));
}

function melodicNotes(draws: Draws, instrument: MelodicInstrument): Note[] {
  const stepSeconds = draws.logUniform(0.14, 1.2);
  const heldFraction = draws.logUniform(0.3, 1.6);
  const mostVoices = draws.pick([1, 1, 1, 2, 3, 4]);
  const velocity = draws.integer(50, 120);
  const widestLeap = draws.integer(2, 12);
  let key = draws.integer(instrument.lowestKey, instrument.highestKey);
  return onsets(draws, stepSeconds).flatMap((startSeconds) => {
    key = reflected(
      key + draws.integer(-widestLeap, widestLeap),
      instrument.lowestKey,
      instrument.highestKey,
    );
    const chord = new Set([key]);
    for (let voices = draws.integer(1, mostVoices); chord.size < voices;) {
      chord.add(
        reflected(key + draws.integer(-14, 14), instrument.lowestKey, instrument.highestKey),
      );
    }
    const seconds = Math.max(0.08, stepSeconds * heldFraction * draws.uniform(0.7, 1.3));
    return [...chord].map((chordKey) => ({
      key: chordKey,
      velocity: varied(draws, velocity),
      startSeconds,
      seconds,
    }));
  });
}

function drumHits(draws: Draws, instrument: DrumInstrument): Note[] {
  const velocity = draws.integer(60, 127);
  const keys = draws.pickSeveral(instrument.keys, draws.integer(1, 3));
  return onsets(draws, draws.logUniform(0.12, 0.9)).map((startSeconds) => ({
    key: draws.pick(keys),
    velocity: varied(draws, velocity),
    startSeconds,
    seconds: 0.3,
  }));
}

/**
 * A loose rhythm: steps of about the same length with some rests. The first note comes early enough
 * to be audible.
 */
function onsets(draws: Draws, stepSeconds: number): number[] {
  const restProbability = draws.uniform(0, 0.3);
  const starts: number[] = [];
  let at = draws.uniform(0, 0.6);
  while (at < CLIP_SECONDS - 0.15) {
    if (starts.length === 0 || !draws.chance(restProbability)) starts.push(at);
    at += stepSeconds * (draws.chance(0.25) ? 0.5 : 1) * draws.uniform(0.95, 1.05);
  }
  return starts;
}

function varied(draws: Draws, velocity: number): number {
  return Math.min(127, Math.max(1, velocity + draws.integer(-15, 15)));
}

/** Folds a key that left the register back into it. */
function reflected(key: number, lowest: number, highest: number): number {
  if (key < lowest) return Math.min(highest, 2 * lowest - key);
  if (key > highest) return Math.max(lowest, 2 * highest - key);
  return key;
}
