/**
 * Text of a log line without what looks like a credential. Such text comes from strangers, through
 * the messages of errors, so it is cut to a length and searched in time that grows with that length
 * and no faster.
 */
const LONGEST_TEXT = 20_000;

/** User and password before a host. */
const IN_ADDRESS = /(\/\/)[^/\s@]+@/g;
/** A parameter of an address. Names hold no mark, so that a search never begins inside another. */
const PARAMETER = /([?&#])([^?=&#\s]*)=[^&\s"']+/g;
const SECRET_NAME = /signature|token|secret|password|credential|key|sig/i;
const BEARER = /\b(Bearer|Basic)\s+[\w.~+/=-]+/gi;

export function withoutCredentials(text: string): string {
  const cut =
    text.length > LONGEST_TEXT
      ? `${text.slice(0, LONGEST_TEXT)}… (${text.length - LONGEST_TEXT} characters more)`
      : text;
  return cut
    .replace(IN_ADDRESS, '$1…@')
    .replace(PARAMETER, (whole, mark: string, name: string) =>
      SECRET_NAME.test(name) ? `${mark}${name}=…` : whole,
    )
    .replace(BEARER, '$1 …');
}
