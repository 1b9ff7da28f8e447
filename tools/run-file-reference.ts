/**
 * The text of docs/run-file.md, from the zod schemas, which describe every field. `npm run docs`
 * writes the file; a test compares it.
 */
import { z } from 'zod';
import { distillRunSchema, teachRunSchema } from '../workflows/contract/run-file';
import { NAME } from '../workflows/contract/run-file-sections';

interface Node {
  type?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Node>;
  required?: string[];
  items?: Node;
  anyOf?: Node[];
  oneOf?: Node[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  pattern?: string;
  maxLength?: number;
  maxItems?: number;
}

const SAFE = 2 ** 53 - 1;

export function runFileReference(): string {
  return `# The run file

Generated from the schemas in \`workflows/contract/run-file.ts\` by \`npm run docs\`. Unknown
fields are errors. Relative paths start from the worker's \`--root\`. A field without a default is
required, unless it is marked optional.

## \`distill\`

${table(distillRunSchema)}

## \`retrain\`

The same fields; \`promote\` is required. A schedule starts it with the same file at every firing.
It reuses the results in the store, and ends at once when clips, teachers and settings are those of
an earlier firing. [docs/operate.md](operate.md) shows it.

## \`teach\`

${table(teachRunSchema)}
`;
}

function table(schema: z.ZodType): string {
  const rows = walk(z.toJSONSchema(schema, { io: 'input' }) as Node, '', true);
  return ['| field | values | default | meaning |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

function walk(node: Node, path: string, required: boolean): string[] {
  const own = path === '' ? [] : [row(node, path, required)];
  const inside = Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    walk(child, path === '' ? name : `${path}.${name}`, node.required?.includes(name) ?? false),
  );
  const items = node.items
    ? walk(node.items, `${path}[]`, true).filter((each) => !each.startsWith(`| \`${path}[]\` |`))
    : [];
  const variants = (node.anyOf ?? node.oneOf ?? []).filter((each) => each.properties);
  return [
    ...own,
    ...inside,
    ...items,
    ...variants.flatMap((variant) =>
      walk(variant, path, true).filter((each) => !each.startsWith(`| \`${path}\` |`)),
    ),
  ];
}

function row(node: Node, path: string, required: boolean): string {
  const fallback =
    node.default === undefined ? (required ? '' : 'optional') : code(JSON.stringify(node.default));
  return `| \`${path}\` | ${values(node)} | ${fallback} | ${escape(node.description ?? '')} |`;
}

function values(node: Node): string {
  if (node.const !== undefined) return code(JSON.stringify(node.const));
  if (node.enum) return node.enum.map((value) => code(String(value))).join(', ');
  const variants = node.anyOf ?? node.oneOf;
  if (variants) return [...new Set(variants.map(values))].join(' or ');
  const bounds = [
    node.exclusiveMinimum === undefined ? '' : `> ${node.exclusiveMinimum}`,
    node.minimum === undefined || node.minimum <= -SAFE ? '' : `≥ ${node.minimum}`,
    node.maximum === undefined || node.maximum >= SAFE ? '' : `≤ ${node.maximum}`,
    node.maxLength === undefined ? '' : `≤ ${node.maxLength} characters`,
    node.maxItems === undefined ? '' : `≤ ${node.maxItems} items`,
    node.pattern === NAME.pattern.source ? `of ${NAME.rule}` : '',
  ].filter(Boolean);
  return [node.type ?? 'any', bounds.join(', ')].filter(Boolean).join(' ');
}

function code(text: string): string {
  return text.length > 40 ? 'see below it' : `\`${text}\``;
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|');
}
