/**
 * Names that other programs rely on: task queues, messages, search attributes. Changing one breaks
 * running workflows.
 */
export const TASK_QUEUES = { workflows: 'ced', cpu: 'ced-cpu', gpu: 'ced-gpu' } as const;

/**
 * Search attributes that set-up registers with the server before the first run (an unknown one
 * stalls a workflow).
 */
export const SEARCH_ATTRIBUTES = {
  CedStage: 'KEYWORD',
  CedRun: 'KEYWORD',
  CedStudent: 'KEYWORD',
  CedEpoch: 'INT',
  CedMap: 'DOUBLE',
} as const;

/** The same types in the spelling of Temporal's command line. */
export const SEARCH_ATTRIBUTE_TYPES = { KEYWORD: 'Keyword', INT: 'Int', DOUBLE: 'Double' } as const;

export const STATUS_QUERY = 'status';
/** Signal from a training activity to its workflow: one finished epoch. */
export const EPOCH_SIGNAL = 'epochFinished';
/** Signal from a training activity to its workflow: where other workers can take part. */
export const LEADER_SIGNAL = 'trainingLed';
