/**
 * A field of RFC 4180, https://www.rfc-editor.org/rfc/rfc4180: in quotation marks where it has a
 * comma, a quotation mark or a line break. Lists for people use it too: AudioSet has a class `Male
 * speech, man speaking`.
 */
export function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
