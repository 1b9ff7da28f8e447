/**
 * Writes a FlatBuffer from a tree of tables: what refers comes before what it refers to, so that
 * one pass suffices. The same tree gives the same bytes.
 * https://flatbuffers.dev/internals/
 */

export type Field =
  | { readonly byte: number }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly at: Node };

export type Node =
  /** By the numbers of the fields in the schema; those that have their default are absent. */
  | { readonly table: ReadonlyMap<number, Field> }
  | { readonly ints: readonly number[] }
  | { readonly nodes: readonly Node[] }
  | { readonly text: string }
  /** Whose first byte is at a multiple of 16 in the file. */
  | { readonly bytes: Uint8Array };

/** Fields by their numbers; undefined ones are left out. */
export function table(fields: Readonly<Record<number, Field | undefined>>): Node {
  const entries = Object.entries(fields).flatMap(([number, field]): [number, Field][] =>
    field === undefined ? [] : [[Number(number), field]],
  );
  return { table: new Map(entries) };
}

/** @param identifier four letters, the schema's `file_identifier` */
export function flatBuffer(root: Node, identifier: string): Uint8Array {
  const writer = new Writer();
  const head = Buffer.alloc(8);
  head.write(identifier, 4, 'latin1');
  writer.append(head);
  head.writeUInt32LE(writer.node(root), 0);
  return writer.finish();
}

/** A place that gets the distance to its node when that is written. */
interface Reference {
  readonly node: Node;
  readonly part: Buffer;
  readonly at: number;
  /** Of `part` in the file. */
  readonly start: number;
}

class Writer {
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  append(bytes: Uint8Array): void {
    this.parts.push(bytes);
    this.length += bytes.length;
  }

  finish(): Uint8Array {
    this.align(16, 0);
    return Buffer.concat(this.parts);
  }

  /** Writes it and all below it. @returns its place in the file */
  node(node: Node): number {
    if ('table' in node) return this.table(node.table);
    if ('nodes' in node) return this.nodes(node.nodes);
    if ('bytes' in node) return this.vector(node.bytes, node.bytes.length, 16);
    if ('text' in node) {
      const bytes = Buffer.from(node.text);
      return this.vector(Buffer.concat([bytes, Buffer.alloc(1)]), bytes.length, 4);
    }
    const ints = Int32Array.from(node.ints);
    return this.vector(new Uint8Array(ints.buffer), ints.length, 4);
  }

  /** The list of the places of its fields, then the table itself: all fields take four bytes. */
  private table(fields: ReadonlyMap<number, Field>): number {
    const slots = Math.max(-1, ...fields.keys()) + 1;
    const listed = Buffer.alloc(4 + 2 * slots);
    const part = Buffer.alloc(4 + 4 * fields.size);
    listed.writeUInt16LE(listed.length, 0);
    listed.writeUInt16LE(part.length, 2);
    this.align(4, 0);
    const listStart = this.length;
    this.append(listed);
    this.align(4, 0);
    const start = this.length;
    part.writeInt32LE(start - listStart, 0);
    this.append(part);
    const references: Reference[] = [];
    for (const [index, [number, field]] of [...fields].entries()) {
      const at = 4 + 4 * index;
      listed.writeUInt16LE(at, 4 + 2 * number);
      if ('byte' in field) part.writeUInt8(field.byte, at);
      else if ('int' in field) part.writeInt32LE(field.int, at);
      else if ('float' in field) part.writeFloatLE(field.float, at);
      else references.push({ node: field.at, part, at, start });
    }
    this.referred(references);
    return start;
  }

  private nodes(nodes: readonly Node[]): number {
    this.align(4, 0);
    const start = this.length;
    const part = Buffer.alloc(4 + 4 * nodes.length);
    part.writeUInt32LE(nodes.length, 0);
    this.append(part);
    this.referred(nodes.map((node, index) => ({ node, part, at: 4 + 4 * index, start })));
    return start;
  }

  private referred(references: readonly Reference[]): void {
    for (const { node, part, at, start } of references)
      part.writeUInt32LE(this.node(node) - (start + at), at);
  }

  private vector(bytes: Uint8Array, count: number, alignment: number): number {
    this.align(alignment, 4);
    const start = this.length;
    const head = Buffer.alloc(4);
    head.writeUInt32LE(count, 0);
    this.append(head);
    this.append(bytes);
    return start;
  }

  /** So that what begins `offset` bytes later is at a multiple of `alignment`. */
  private align(alignment: number, offset: number): void {
    const over = (this.length + offset) % alignment;
    if (over > 0) this.append(Buffer.alloc(alignment - over));
  }
}
