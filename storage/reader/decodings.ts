/** What a reader process can decode; every value crosses a process border by structured clone. */
import { readPublishedRows, readPublishedSpans } from '../../ced/logits/published/published-file';

export const decodings = {
  publishedRows: readPublishedRows,
  publishedSpans: readPublishedSpans,
} satisfies Record<string, (bytes: Uint8Array, name: string) => Promise<unknown>>;

export type DecodingKind = keyof typeof decodings;
export type Decoded<K extends DecodingKind> = Awaited<ReturnType<(typeof decodings)[K]>>;
