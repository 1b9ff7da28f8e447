/** Everything that `npm run bench -- growth` measures. */
import { logitSubjects } from './logits';
import { readingSubjects } from './reading';
import { scoringSubjects } from './scoring';
import { storeSubjects } from './stores';
import type { Subject } from './subject';
import { tableSubjects } from './tables';

export const subjects: readonly Subject[] = [
  ...tableSubjects,
  ...logitSubjects,
  ...readingSubjects,
  ...scoringSubjects,
  ...storeSubjects,
];
