/** Claims of the paper (https://arxiv.org/abs/2308.11957) that several questions test, in our words. */
export const CLAIMS = {
  consistent:
    'A student that replays the augmentation of its teachers learns more from the same logits ' +
    'than a student that draws its own.',
  labels: 'Without a single label, a student learns more than from the labels of the same audio.',
  ensemble: 'An ensemble teaches better than each of its members.',
  views:
    'More stored views teach better: the paper stores 10 for AudioSet and 120 for its balanced ' +
    'part.',
  topK: 'The twenty largest probabilities are enough.',
} as const;

/** A likely reason, and a next experiment, where a claim is not confirmed. */
export const OTHERWISE = {
  ensemble:
    'The members are of one family and one corpus and make similar mistakes. Test teachers that ' +
    'differ more.',
  topK:
    'Probabilities below the twentieth carry more than noise here. Test a fill other than zero ' +
    '(`unseenFill`).',
} as const;
