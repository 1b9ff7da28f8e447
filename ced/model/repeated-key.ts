/**
 * Names that a JSON text gives twice in one object. `JSON.parse` keeps the last of them without a
 * word, other parsers the first: two readers of one file would see two contents.
 */

/** @param json text that `JSON.parse` accepts. @returns the first repeated name, or null */
export function repeatedKey(json: string): string | null {
  /** Of each open object its names so far; null for a list. */
  const open: (Set<string> | null)[] = [];
  let isName = false;
  for (let at = 0; at < json.length; at++) {
    switch (json.charAt(at)) {
      case '{':
        open.push(new Set());
        isName = true;
        break;
      case '[':
        open.push(null);
        isName = false;
        break;
      case '}':
      case ']':
        open.pop();
        isName = false;
        break;
      case ',':
        isName = open.at(-1) instanceof Set;
        break;
      case '"': {
        const start = at;
        for (at++; json[at] !== '"'; at++) if (json[at] === '\\') at++;
        const names = isName ? open.at(-1) : null;
        isName = false;
        if (!names) break;
        const name = String(JSON.parse(json.slice(start, at + 1)));
        if (names.has(name)) return name;
        names.add(name);
      }
    }
  }
  return null;
}
