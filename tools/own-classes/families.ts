/** Seven classes that no class of the general teacher has the name of: families of instruments. */
const MEMBERS = {
  Keyboards: ['Acoustic Grand Piano', 'Electric Piano 1', 'Harpsichord', 'Clavinet'],
  Mallets: [
    ...['Glockenspiel', 'Music Box', 'Vibraphone', 'Marimba', 'Xylophone', 'Tubular Bells'],
  ],
  'Organs and free reeds': [
    ...['Drawbar Organ', 'Church Organ', 'Accordion', 'Harmonica', 'Bagpipe'],
  ],
  'Plucked strings': [
    ...['Acoustic Guitar (nylon)', 'Acoustic Guitar (steel)', 'Electric Guitar (clean)'],
    ...['Distortion Guitar', 'Acoustic Bass', 'Slap Bass 1', 'Pizzicato Strings'],
    ...['Orchestral Harp', 'Sitar', 'Banjo'],
  ],
  'Bowed strings': ['Violin', 'Cello', 'String Ensemble 1'],
  Winds: [
    ...['Trumpet', 'Trombone', 'Tuba', 'French Horn', 'Alto Sax', 'Oboe', 'Bassoon', 'Clarinet'],
    ...['Flute', 'Pan Flute'],
  ],
  Drums: [
    ...['Timpani', 'Bass Drum', 'Snare Drum', 'Hand Clap', 'Closed Hi-Hat', 'Open Hi-Hat', 'Tom'],
    ...['Crash Cymbal', 'Ride Cymbal', 'Tambourine', 'Cowbell', 'Conga', 'Triangle'],
  ],
} as const;

export const FAMILIES = Object.keys(MEMBERS);

const familyOf = new Map(
  Object.entries(MEMBERS).flatMap(([family, members]) =>
    members.map((member): [string, string] => [member, family]),
  ),
);

/** Each once, in the order of `FAMILIES`; instruments of no family count for none. */
export function familiesOf(instruments: readonly string[]): string[] {
  const found = new Set(instruments.map((instrument) => familyOf.get(instrument)));
  return FAMILIES.filter((family) => found.has(family));
}

/** What a selection of clips asks of each. */
export interface LabelledClip {
  labels: readonly string[];
}

/**
 * The first clips of a list until each family has so many, or the list ends. A clip counts for each
 * of its families.
 */
export function fewOfEach<Clip extends LabelledClip>(
  clips: readonly Clip[],
  count: number,
): Clip[] {
  const missing = new Map(FAMILIES.map((family) => [family, count]));
  return clips.filter(({ labels }) => {
    const isNeeded = labels.some((label) => (missing.get(label) ?? 0) > 0);
    if (isNeeded)
      for (const label of new Set(labels)) missing.set(label, (missing.get(label) ?? 0) - 1);
    return isNeeded;
  });
}
