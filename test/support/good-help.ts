/** Checks of a command's help text. */

/** It fits 100 columns, begins with the usage, and explains every option of its examples. */
export function expectGoodHelp(help: string): void {
  const lines = help.split('\n');
  expect(lines[0]).toMatch(/^(npm|ced|node) .*\[options\]$/);
  expect(lines.filter((line) => line.length > 100)).toEqual([]);
  const [before = '', examples = ''] = help.split('\nExamples:\n');
  const explained = optionNames(before, /^ {2}--([a-z0-9-]+)/gm);
  expect(explained).toContain('help');
  const used = optionNames(examples.split('\n\n')[0] ?? '', /--([a-z][a-z0-9-]*)/g);
  expect(used.filter((name) => !explained.includes(name))).toEqual([]);
}

function optionNames(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name]) => name ?? ''))];
}
