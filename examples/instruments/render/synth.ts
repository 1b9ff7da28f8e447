import type { BasicSoundBank } from 'spessasynth_core';
import { MIDIControllers, SpessaSynthProcessor } from 'spessasynth_core';
import { CLIP_SECONDS, SAMPLE_RATE } from './clip-format';
import { halved } from './decimate';
import type { Part } from './score';

/**
 * Plays one part with one sound bank, dry and mono.
 *
 * The synthesizer interpolates without a low-pass, so at 16 kHz everything above 8 kHz in a sample
 * would fold back (most of a cymbal). It therefore runs at 32 kHz, where aliases fall above the 8
 * kHz that the decimation keeps. A process must not mix synthesizer rates: its filter coefficients
 * are cached for the whole process under a key without the rate, and a clip's bytes would depend on
 * what was rendered before. Its own reverb costs five times the notes and keeps its state through a
 * reset: `reverb.ts` is ours. A new processor per part (2 ms) leaves nothing of the last one
 * behind.
 */

const SYNTH_RATE = 2 * SAMPLE_RATE;
/** 4 ms: notes start on these. */
const BLOCK_SAMPLES = 128;
const MELODIC_CHANNEL = 0;
const DRUM_CHANNEL = 9;

/** Performance parameters of a part. */
export interface Playing {
  /** Program of the drum channel; ignored by melodic parts. */
  readonly drumKit: number;
  readonly detuneCents: number;
  /** MIDI sound controllers, 64 = as the bank has it. */
  readonly brightness: number;
  readonly attack: number;
  readonly release: number;
  /** Depth of vibrato, 0–127. */
  readonly modulation: number;
}

/** @returns `CLIP_SAMPLES` samples at `SAMPLE_RATE`, at the bank's level */
export function playPart(bank: BasicSoundBank, part: Part, playing: Playing): Float32Array {
  const melodic = part.instrument.kind === 'melodic';
  const channel = melodic ? MELODIC_CHANNEL : DRUM_CHANNEL;
  const synth = new SpessaSynthProcessor(SYNTH_RATE, {
    effectsEnabled: false,
    eventsEnabled: false,
  });
  synth.soundBankManager.addSoundBank(bank, 'bank');
  synth.programChange(
    channel,
    part.instrument.kind === 'melodic' ? part.instrument.program : playing.drumKit,
  );
  synth.controllerChange(channel, MIDIControllers.brightness, playing.brightness);
  synth.controllerChange(channel, MIDIControllers.attackTime, playing.attack);
  synth.controllerChange(channel, MIDIControllers.releaseTime, playing.release);
  synth.controllerChange(channel, MIDIControllers.modulationWheel, playing.modulation);
  synth.midiChannels[channel]?.setSystemParameter('fineTune', playing.detuneCents);
  return render(synth, channel, part);
}

function render(synth: SpessaSynthProcessor, channel: number, part: Part): Float32Array {
  const left = new Float32Array(CLIP_SECONDS * SYNTH_RATE);
  const right = new Float32Array(left.length);
  const events = part.notes.flatMap(({ key, velocity, startSeconds, seconds }) => [
    { block: blockAt(startSeconds), key, velocity },
    {
      block: Math.max(blockAt(startSeconds) + 1, blockAt(startSeconds + seconds)),
      key,
      velocity: 0,
    },
  ]);
  events.sort((a, b) => a.block - b.block || a.velocity - b.velocity);
  let next = 0;
  for (let block = 0; block * BLOCK_SAMPLES < left.length; block += 1) {
    for (
      let event = events[next];
      event !== undefined && event.block <= block;
      event = events[next]
    ) {
      synth.noteOn(channel, event.key, event.velocity);
      next += 1;
    }
    synth.process(left, right, block * BLOCK_SAMPLES, BLOCK_SAMPLES);
  }
  for (let i = 0; i < left.length; i += 1) left[i] = (left[i]! + right[i]!) / 2;
  return halved(left);
}

function blockAt(seconds: number): number {
  return Math.round((seconds * SYNTH_RATE) / BLOCK_SAMPLES);
}
