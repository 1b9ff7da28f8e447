// Words of the project's first dialect, which plain engineer's English has replaced
// (CONTRIBUTING.md, "Words"). Names, comments, texts and documents are checked, and the parts of
// names such as `setAside` as words.

const REPLACEMENTS = {
  'decode, predict or onMessage': 'hear hears hearing hearings heard unheard',
  targets: 'lesson lessons',
  ownership: 'fence fences fenced',
  retry: 'patience',
  'repair or fix': 'mend mends mended mending',
  'checksum, encrypt or finalize': 'seal seals sealed sealing',
  'yield to the event loop': 'breathe breathes breathed',
  'progress meter': 'countdown countdowns',
  'die with parent': 'leash',
  'evaluate or evaluation': 'judge judges judged judging judgement judgements verdict verdicts',
  trained: 'taught untaught',
  'the thing by its name': 'comer comers taker takers whoever somebody',
};
const REPLACEMENT_OF = new Map(
  Object.entries(REPLACEMENTS).flatMap(([replacement, words]) =>
    words.split(' ').map((word) => [word, replacement]),
  ),
);

const PHRASES = [
  [/\b(sets?|setting) aside\b/, 'quarantine'],
  [/\b(puts?|putting) up\b/, 'promote or challenge'],
  [/\b(takes?|took|taken|taking) back\b/, 'rollback'],
  [/\bquiet console\b/, 'mute decoder logs'],
  [/\b(is|are|was|were|be) sound\b/, 'valid, verified or intact'],
];

/** An identifier, not the end of a sentence. */
const IN_ORDER = /\binOrder\b/;

/**
 * Names that recorded histories and stores contain. A pattern of files says where they may stand.
 */
const KEPT_NAMES = {
  // activity types and a field of their input
  sealCorpus: /./,
  findJudgement: /./,
  judgementKey: /./,
  // names of steps that a continued run carries
  judgement: /^workflows\/retrain\.ts$/,
  // a field of stored results and of workflow results; a folder of the store
  judged: /^(workflows|activities|storage|cli\/store|test\/storage|bench\/scale|docs)\//,
  tookBack: /./,
  // a field of stored JSON
  seal: /^(storage\/checksum\.ts|test\/storage\/.*|docs\/(durability|formats)\.md)$/,
};

function isKept(name, path) {
  return Object.hasOwn(KEPT_NAMES, name) && KEPT_NAMES[name].test(path);
}

/** @returns one fault for each refused word or phrase, with its line and what to write instead */
export function dialectFaults(path, text) {
  return text.split('\n').flatMap((line, index) => {
    const names = (line.match(/[A-Za-z]+/g) ?? []).filter((name) => !isKept(name, path));
    const words = names
      .flatMap((name) => name.split(/(?<=[a-z])(?=[A-Z])/))
      .map((word) => word.toLowerCase());
    const found = words
      .filter((word) => REPLACEMENT_OF.has(word))
      .map((word) => [word, REPLACEMENT_OF.get(word)]);
    for (const [phrase, replacement] of PHRASES) {
      const match = phrase.exec(words.join(' '));
      if (match) found.push([match[0], replacement]);
    }
    if (IN_ORDER.test(line)) found.push(['inOrder', 'mapOrdered']);
    return found.map(
      ([word, replacement]) => `${path}:${index + 1}: "${word}"; write ${replacement}`,
    );
  });
}
