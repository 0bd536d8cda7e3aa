/**
 * Files that are written within a text (baa-messaging MS12): as base64 or as hexadecimal digits, in an ED of HL7 v2, the body
 * of a clinical document, a resource. What they are called there, and whether their format says so, does not count.
 */

/** Letters in a row that no text has: no word and no number is so long. */
const RUN_MIN = 40;

/** Letters of base64, by their codes. */
const LETTERS = new Uint8Array(256);
for (const letter of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'))
  LETTERS[letter] = 1;

const NO_HEX = /[^\dA-Fa-f]/;

/** A file within a file within a file. */
const DEPTH_MAX = 3;

/**
 * The files in a text, those that are within them as well; not the text itself.
 *
 * @returns undefined where there are more than `max`
 */
export function embeddedFiles(bytes: Uint8Array, max: number): readonly Uint8Array[] | undefined {
  const found: Uint8Array[] = [];
  return collect(bytes, max, DEPTH_MAX, found) ? found : undefined;
}

function collect(bytes: Uint8Array, max: number, depth: number, found: Uint8Array[]): boolean {
  for (const letters of runsIn(withoutEscapes(bytes))) {
    const isHex = letters.length % 2 === 0 && !NO_HEX.test(letters);
    const files = [Buffer.from(letters, 'base64'), ...(isHex ? [Buffer.from(letters, 'hex')] : [])];
    for (const file of files) {
      if (found.length >= max) return false;
      found.push(file);
      if (depth > 1 && !collect(file, max, depth - 1, found)) return false;
    }
  }
  return true;
}

/** JSON may write a slash with its escape. */
function withoutEscapes(bytes: Uint8Array): Buffer {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return whole.includes('\\/')
    ? Buffer.from(whole.toString('latin1').replaceAll('\\/', '/'), 'latin1')
    : whole;
}

/** Every long run of letters, with the lines that follow it and without what stands between them. */
function* runsIn(text: Buffer): Generator<string> {
  for (let at = 0; at < text.length; at += 1) {
    const end = endOfRun(text, at);
    if (end - at < RUN_MIN) {
      at = end;
      continue;
    }
    const lines = [text.toString('latin1', at, end)];
    at = end;
    for (
      let next = afterBreaks(text, at);
      next > at && endOfRun(text, next) > next;
      next = afterBreaks(text, at)
    ) {
      at = endOfRun(text, next);
      lines.push(text.toString('latin1', next, at));
    }
    yield lines.join('');
  }
}

function endOfRun(text: Buffer, from: number): number {
  let end = from;
  while (LETTERS[text[end] ?? 0] === 1) end += 1;
  return end;
}

const [TAB, LF, CR, BLANK, BACKSLASH] = [0x09, 0x0a, 0x0d, 0x20, 0x5c];
/** Of an escape of HL7 v2, with its backslashes. */
const ESCAPE_MAX = 18;

/** Behind line ends within a field, blanks, and escapes of HL7 v2. A lone CR ends a segment. */
function afterBreaks(text: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const code = text[at];
    if (code === LF || code === TAB || code === BLANK) at += 1;
    else if (code === CR && text[at + 1] === LF) at += 2;
    else if (code === BACKSLASH) {
      const end = text.indexOf(BACKSLASH, at + 1);
      if (end === -1 || end - at > ESCAPE_MAX) return at;
      at = end + 1;
    } else return at;
  }
}
