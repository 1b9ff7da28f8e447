/**
 * The worker's log, on standard error: one JSON object a line for machines, or a line of text for
 * people. Temporal's SDK and the activities write through it, and with each of their lines go
 * workflow, run, activity and attempt. What looks like a credential is struck out.
 */
import type { LogLevel, LogMetadata, Logger } from '@temporalio/common';
import pino from 'pino';
import { withoutCredentials } from './without-credentials';

export type LogFormat = 'json' | 'text';

/** The format asked for; else text on a terminal, JSON elsewhere. */
export function logFormat(asked: LogFormat | undefined, stderr: { isTTY?: boolean }): LogFormat {
  return asked ?? (stderr.isTTY === true ? 'text' : 'json');
}

export class WorkerLog implements Logger {
  private readonly write: (
    level: pino.Level,
    message: string,
    fields: Record<string, unknown>,
  ) => void;

  constructor(
    readonly format: LogFormat,
    out: { write(text: string): unknown } = process.stderr,
  ) {
    const lines = pino(
      {
        level: 'info',
        base: { pid: process.pid },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      { write: (line: string) => void out.write(line) },
    );
    this.write =
      format === 'json'
        ? (level, message, fields) => lines[level](fields, message)
        : (level, message, fields) =>
            void (lines.isLevelEnabled(level) && out.write(textLine(level, message, fields)));
  }

  log(level: LogLevel, message: string, meta: LogMetadata = {}): void {
    const told = INTENDED.test(message) ? 'INFO' : level;
    this.write(told.toLowerCase() as pino.Level, withoutCredentials(message), fieldsOf(meta));
  }

  trace(message: string, meta?: LogMetadata): void {
    this.log('TRACE', message, meta);
  }

  debug(message: string, meta?: LogMetadata): void {
    this.log('DEBUG', message, meta);
  }

  info(message: string, meta?: LogMetadata): void {
    this.log('INFO', message, meta);
  }

  warn(message: string, meta?: LogMetadata): void {
    this.log('WARN', message, meta);
  }

  error(message: string, meta?: LogMetadata): void {
    this.log('ERROR', message, meta);
  }
}

/** The SDK warns of queues that have workflows alone or activities alone, as all of ours do. */
const INTENDED = /^No (workflows|activities) registered, not polling/;

/** Names of fields that never leave: the task token lets its holder complete an activity. */
const SECRET_FIELDS = /token|secret|password|authorization|credential|api_?key/i;

/** Objects within objects; deeper ones, such as one that holds itself, are left out. */
const DEEPEST = 6;

function fieldsOf(meta: LogMetadata, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(meta)
      .filter(([name, value]) => value !== undefined && !SECRET_FIELDS.test(name))
      .map(([name, value]) => [name, plain(value, depth)]),
  );
}

function plain(value: unknown, depth: number): unknown {
  if (value instanceof Error)
    return {
      type: value.name,
      message: withoutCredentials(value.message),
      stack: withoutCredentials(value.stack ?? ''),
    };
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'object' && value !== null && depth >= DEEPEST) return '…';
  if (Array.isArray(value)) return value.map((each) => plain(each, depth + 1));
  if (typeof value === 'object' && value !== null) return fieldsOf(value, depth + 1);
  return typeof value === 'string' ? withoutCredentials(value) : value;
}

/** `12:04:31 INFO  trainModel mini: activity began (attempt 2, workflow instruments)` */
function textLine(level: string, message: string, fields: Record<string, unknown>): string {
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  const { activityType, what, workflowId, attempt, error, sdkComponent, ...rest } = fields;
  const ofActivity = activityType !== undefined;
  const subject =
    [text('activityType'), text('what')].filter(Boolean).join(' ') ||
    (sdkComponent === 'engine' ? 'engine' : '');
  const context = [
    ...(ofActivity && typeof attempt === 'number' && attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(workflowId === undefined ? [] : [`workflow ${text('workflowId')}`]),
    // Of an activity's line the rest is its ids, which people look up elsewhere.
    ...(ofActivity
      ? []
      : Object.entries(rest).map(([name, value]) => `${name} ${JSON.stringify(value)}`)),
  ];
  const failure =
    typeof error === 'object' && error !== null && 'message' in error
      ? `: ${String(error.message)}`
      : error
        ? `: ${text('error')}`
        : '';
  const time = new Date().toISOString().slice(11, 19);
  const head =
    `${time} ${level.toUpperCase().padEnd(5)} ` +
    `${subject === '' ? '' : `${subject}: `}${message}${failure}`;
  return `${head}${context.length === 0 ? '' : ` (${context.join(', ')})`}\n`;
}
