/**
 * The line between a training's leader and one of its members, over which their workers agree on
 * generations: JSON, one message a line, and an empty line every second as a sign of life. Either
 * end closes it when the other falls silent, so a frozen worker is noticed within seconds.
 */
import type { Socket } from 'node:net';
import { z } from 'zod';
import type { FromGroupEngine, ToGroupEngine } from '../../jobs/protocol-group';
import type { Rate } from './member-rates';

const SIGN_EVERY_MS = 1000;
const SILENT_AFTER_MS = 10_000;
/** Far above any message: generations name at most 64 members. */
const LONGEST_LINE = 100_000;

/** First of all. Until then the other end may be anything that found the port. */
export const helloSchema = z.object({
  type: z.literal('hello'),
  token: z.string(),
  host: z.ipv4(),
  port: z.number().int().min(1).max(65_535),
});

export type ToLeader =
  | z.output<typeof helloSchema>
  | { type: 'engine'; message: FromGroupEngine }
  /** The member is told to stop, and stays until its generation has ended. */
  | { type: 'leaving' }
  | ({ type: 'rate' } & Rate)
  /** The member does not reach another one of its generation. */
  | { type: 'cut'; generation: number; from: number };

export type ToMember =
  | { type: 'engine'; message: ToGroupEngine }
  /** The generation ended; the engine may wait inside of one of its operations. */
  | { type: 'end'; generation: number }
  | { type: 'refused'; why: string };

export class WorkerLine {
  private readonly signs: NodeJS.Timeout;
  private lastReadMs = performance.now();
  private rest = '';
  private isClosed = false;

  /**
   * @param onMessage gets what the other end sent, unchecked
   * @param onClosed is called once, unless this end closed it
   */
  constructor(
    private readonly socket: Socket,
    private readonly onMessage: (message: unknown) => void,
    private readonly onClosed: (why: string) => void,
  ) {
    socket.setNoDelay(true);
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.read(text));
    socket.on('error', (error) => this.closeFor(error.message));
    socket.on('close', () => this.closeFor('the connection was closed'));
    // Where this process had no time for so long, what has come is read first.
    this.signs = setInterval(() => setImmediate(() => this.sign()), SIGN_EVERY_MS);
  }

  send(message: ToLeader | ToMember): void {
    if (!this.isClosed) this.socket.write(`${JSON.stringify(message)}\n`);
  }

  /** What was sent before still arrives. */
  close(): void {
    this.isClosed = true;
    clearInterval(this.signs);
    this.socket.end();
    this.socket.unref();
  }

  private read(text: string): void {
    this.lastReadMs = performance.now();
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > LONGEST_LINE) return this.closeFor('a message is too long');
    for (const line of lines) {
      if (this.isClosed) return;
      if (line === '') continue;
      try {
        this.onMessage(JSON.parse(line));
      } catch (error) {
        this.closeFor((error as Error).message);
      }
    }
  }

  private sign(): void {
    if (this.isClosed) return;
    if (performance.now() - this.lastReadMs > SILENT_AFTER_MS)
      return this.closeFor('it fell silent');
    this.socket.write('\n');
  }

  private closeFor(why: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearInterval(this.signs);
    this.socket.destroy();
    this.onClosed(why);
  }
}
