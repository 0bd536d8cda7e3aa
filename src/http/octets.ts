/** Header values, whose bytes Node hands over one character each (latin1). */

const ASCII = /^[\x00-\x7f]*$/; // eslint-disable-line no-control-regex
const strict = new TextDecoder('utf-8', { fatal: true });

/** The text that the bytes are in UTF-8; undefined when they are none, for nothing else is guessed. */
export function utf8Of(octets: string): string | undefined {
  if (ASCII.test(octets)) return octets;
  try {
    return strict.decode(Buffer.from(octets, 'latin1'));
  } catch {
    return undefined;
  }
}
