/**
 * AudioSet's hierarchy of classes (`ontology.json`): names and parents of MIDs.
 * https://github.com/audioset/ontology
 */
import { z } from 'zod';

const nodesSchema = z.array(
  z.object({
    id: z.string(),
    name: z.string(),
    child_ids: z.array(z.string()).default([]),
    restrictions: z.array(z.string()).default([]),
  }),
);
type Node = z.output<typeof nodesSchema>[number];

export class Ontology {
  private readonly parents = new Map<string, string[]>();
  private readonly known = new Map<string, ReadonlySet<string>>();
  /** Classes that group others and label no clip. */
  private readonly abstract: ReadonlySet<string>;

  constructor(readonly nodes: readonly Node[]) {
    for (const { id, child_ids: children } of nodes)
      for (const child of new Set(children))
        this.parents.set(child, [...(this.parents.get(child) ?? []), id]);
    this.abstract = new Set(
      nodes.filter(({ restrictions }) => restrictions.length > 0).map(({ id }) => id),
    );
  }

  get isHierarchy(): boolean {
    return this.parents.size > 0;
  }

  /**
   * MIDs of the classes that a clip of a class is of too. Where a class has several parents (the
   * hiss of a cat, of steam), those that all of them share: no name tells which of them is meant.
   */
  ancestorsOf(mid: string): string[] {
    return [...this.above(mid, [])].filter((each) => !this.abstract.has(each));
  }

  /** @param path from the class that was asked for, so that a circle ends */
  private above(mid: string, path: readonly string[]): ReadonlySet<string> {
    const known = this.known.get(mid);
    if (known) return known;
    const parents = (this.parents.get(mid) ?? []).filter((each) => ![mid, ...path].includes(each));
    const lines = parents.map((parent) => new Set([parent, ...this.above(parent, [...path, mid])]));
    const [first = new Set<string>(), ...others] = lines;
    const found = new Set([...first].filter((each) => others.every((line) => line.has(each))));
    this.known.set(mid, found);
    return found;
  }
}

/** null for a text that is none. */
export function parseOntology(text: string): Ontology | null {
  try {
    const nodes = nodesSchema.safeParse(JSON.parse(text));
    return nodes.success ? new Ontology(nodes.data) : null;
  } catch {
    return null;
  }
}
