/**
 * The demo's vocabulary: 40 melodic instruments and 12 drums of General MIDI level 1, under their
 * General MIDI names. A class index is a position in `INSTRUMENTS`; the order is part of the recipe
 * and of every teacher trained on it.
 * https://midi.org/general-midi-level-1
 */

/**
 * Plays pitches on one program. `lowestKey`..`highestKey` is the register it is usually played in,
 * as MIDI keys (60 = middle C).
 */
export interface MelodicInstrument {
  readonly kind: 'melodic';
  readonly name: string;
  /** 0-based General MIDI program. */
  readonly program: number;
  readonly lowestKey: number;
  readonly highestKey: number;
}

/**
 * One piece of the drum kit. A hit picks one of `keys`, so that a low and a high tom are both a
 * Tom.
 */
export interface DrumInstrument {
  readonly kind: 'drum';
  readonly name: string;
  readonly keys: readonly number[];
}

export type Instrument = MelodicInstrument | DrumInstrument;

function melodic(
  program: number,
  name: string,
  lowestKey: number,
  highestKey: number,
): MelodicInstrument {
  return { kind: 'melodic', name, program, lowestKey, highestKey };
}

function drum(name: string, ...keys: number[]): DrumInstrument {
  return { kind: 'drum', name, keys };
}

export const INSTRUMENTS: readonly Instrument[] = [
  melodic(0, 'Acoustic Grand Piano', 33, 96),
  melodic(4, 'Electric Piano 1', 40, 88),
  melodic(6, 'Harpsichord', 41, 84),
  melodic(7, 'Clavinet', 41, 84),
  melodic(9, 'Glockenspiel', 72, 103),
  melodic(10, 'Music Box', 60, 96),
  melodic(11, 'Vibraphone', 53, 89),
  melodic(12, 'Marimba', 48, 88),
  melodic(13, 'Xylophone', 65, 100),
  melodic(14, 'Tubular Bells', 55, 79),
  melodic(16, 'Drawbar Organ', 41, 90),
  melodic(19, 'Church Organ', 36, 86),
  melodic(21, 'Accordion', 48, 86),
  melodic(22, 'Harmonica', 55, 84),
  melodic(24, 'Acoustic Guitar (nylon)', 40, 80),
  melodic(25, 'Acoustic Guitar (steel)', 40, 80),
  melodic(27, 'Electric Guitar (clean)', 40, 82),
  melodic(30, 'Distortion Guitar', 40, 80),
  melodic(32, 'Acoustic Bass', 28, 53),
  melodic(36, 'Slap Bass 1', 28, 53),
  melodic(40, 'Violin', 55, 93),
  melodic(42, 'Cello', 36, 70),
  melodic(45, 'Pizzicato Strings', 38, 82),
  melodic(46, 'Orchestral Harp', 36, 94),
  melodic(47, 'Timpani', 38, 57),
  melodic(48, 'String Ensemble 1', 38, 88),
  melodic(52, 'Choir Aahs', 45, 79),
  melodic(56, 'Trumpet', 54, 84),
  melodic(57, 'Trombone', 38, 70),
  melodic(58, 'Tuba', 28, 55),
  melodic(60, 'French Horn', 40, 74),
  melodic(65, 'Alto Sax', 49, 80),
  melodic(68, 'Oboe', 58, 88),
  melodic(70, 'Bassoon', 34, 69),
  melodic(71, 'Clarinet', 50, 88),
  melodic(73, 'Flute', 60, 95),
  melodic(75, 'Pan Flute', 58, 90),
  melodic(104, 'Sitar', 45, 77),
  melodic(105, 'Banjo', 48, 84),
  melodic(109, 'Bagpipe', 55, 79),
  drum('Bass Drum', 35, 36),
  drum('Snare Drum', 38, 40),
  drum('Hand Clap', 39),
  drum('Closed Hi-Hat', 42),
  drum('Open Hi-Hat', 46),
  drum('Tom', 41, 43, 45, 47, 48, 50),
  drum('Crash Cymbal', 49, 57),
  drum('Ride Cymbal', 51, 59),
  drum('Tambourine', 54),
  drum('Cowbell', 56),
  drum('Conga', 62, 63, 64),
  drum('Triangle', 80, 81),
];

/**
 * A machine id in the style of AudioSet's MIDs: the General MIDI program (counted from 1, as the
 * standard does) or the first drum key.
 */
export function instrumentMid(instrument: Instrument): string {
  return instrument.kind === 'melodic'
    ? `/gm/program/${instrument.program + 1}`
    : `/gm/drum/${instrument.keys[0]}`;
}
