/**
 * Events as text in the formats of other programs. Times are seconds from the start of the
 * recording.
 *   csv       RFC 4180, https://www.rfc-editor.org/rfc/rfc4180
 *   audacity  https://manual.audacityteam.org/man/importing_and_exporting_labels.html
 *   vtt       https://www.w3.org/TR/webvtt1/
 */
import { csvField } from '../../../ced/csv-field';
import { oneLine } from '../../one-line';
import type { TaggedEvent } from '../models-output';

export const EVENT_FORMATS = ['text', 'jsonl', 'csv', 'audacity', 'vtt'] as const;
export type EventFormatName = (typeof EVENT_FORMATS)[number];

export interface NamedEvent {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly label: string;
  readonly probability: number;
}

export interface EventFormat {
  /** Before everything. */
  readonly head: string;
  /** Before the events of a recording. */
  begin(file: string): string;
  event(event: NamedEvent): string;
  /** The format has no place for a second recording. */
  readonly isOfOneRecording: boolean;
  /** Events must come in the order of their starts. */
  readonly isSorted: boolean;
}

const none = (): string => '';

export const eventFormats: Readonly<Record<EventFormatName, EventFormat>> = {
  text: {
    head: '',
    begin: (file) => `${file}\n`,
    event: ({ start, end, label, probability }) =>
      `  ${span(start, end)}  ${probability.toFixed(3)}  ${oneLine(label)}\n`,
    isOfOneRecording: false,
    isSorted: false,
  },
  jsonl: {
    head: '',
    begin: none,
    event: ({ file, start, end, label, probability }) => {
      const event: TaggedEvent = { formatVersion: 1, file, start, end, label, probability };
      return `${JSON.stringify(event)}\n`;
    },
    isOfOneRecording: false,
    isSorted: false,
  },
  csv: {
    head: 'file,start,end,label,probability\r\n',
    begin: none,
    event: ({ file, start, end, label, probability }) =>
      `${[csvField(file), start, end, csvField(label), probability.toFixed(6)].join(',')}\r\n`,
    isOfOneRecording: false,
    isSorted: false,
  },
  audacity: {
    head: '',
    begin: none,
    event: ({ start, end, label }) =>
      `${start.toFixed(6)}\t${end.toFixed(6)}\t${label.replace(/[\t\r\n]+/g, ' ')}\n`,
    isOfOneRecording: true,
    isSorted: false,
  },
  vtt: {
    head: 'WEBVTT\n\n',
    begin: none,
    event: ({ start, end, label, probability }) =>
      `${vttTime(start)} --> ${vttTime(end)}\n${vttText(label)} ${probability.toFixed(2)}\n\n`,
    isOfOneRecording: true,
    isSorted: true,
  },
};

/** `  12.00–14.00 s` */
export function span(start: number, end: number): string {
  return `${start.toFixed(2)}–${end.toFixed(2)} s`;
}

/** `hh:mm:ss.ttt` */
function vttTime(seconds: number): string {
  const milliseconds = Math.round(seconds * 1000);
  const part = (unit: number, size: number, digits: number): string =>
    String(Math.floor(milliseconds / unit) % size).padStart(digits, '0');
  const hours = part(3_600_000, Infinity, 2);
  return `${hours}:${part(60_000, 60, 2)}:${part(1000, 60, 2)}.${part(1, 1000, 3)}`;
}

function vttText(text: string): string {
  return text
    .replace(/[\r\n]+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
