/** Transfer encodings (RFC 2045, 6): base64 and quoted-printable, in time that is linear in the bytes. */

/** What came out, and whether bytes were there that the encoding does not have. */
interface Transferred {
  readonly bytes: Uint8Array;
  readonly isSound: boolean;
}

/** Takes the transfer encoding off. An unknown one is left, and is not sound. */
export function decodeTransfer(bytes: Uint8Array, encoding: string): Transferred {
  const name = encoding.trim().toLowerCase();
  if (name === 'base64') return decodeBase64(bytes);
  if (name === 'quoted-printable') return decodeQuotedPrintable(bytes);
  return { bytes, isSound: name === '' || name === '7bit' || name === '8bit' || name === 'binary' };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const EQUALS = 0x3d;

/** Whether a byte is of the alphabet (1), a blank or line end (0), or neither (2). */
const BASE64_KIND = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) return 0;
  return /[A-Za-z0-9+/]/.test(String.fromCharCode(byte)) ? 1 : 2;
});

function decodeBase64(bytes: Uint8Array): Transferred {
  let characters = 0;
  let strange = 0;
  let at = 0;
  for (; at < bytes.length && bytes[at] !== EQUALS; at += 1) {
    const kind = BASE64_KIND[bytes[at] ?? 0] ?? 2;
    if (kind === 1) characters += 1;
    else strange += kind;
  }
  for (let rest = at; rest < bytes.length; rest += 1)
    if (bytes[rest] !== EQUALS && BASE64_KIND[bytes[rest] ?? 0] !== 0) strange += 1;
  return {
    bytes: Buffer.from(asBuffer(bytes.subarray(0, at)).toString('latin1'), 'base64'),
    isSound: strange === 0 && characters % 4 !== 1,
  };
}

const LF = 0x0a;
const CR = 0x0d;

function decodeQuotedPrintable(bytes: Uint8Array): Transferred {
  const out = Buffer.alloc(bytes.length);
  let length = 0;
  let isSound = true;
  for (let start = 0; start < bytes.length;) {
    const lf = bytes.indexOf(LF, start);
    const next = lf === -1 ? bytes.length : lf + 1;
    const lineEnd = lf === -1 ? next : bytes[lf - 1] === CR && lf > start ? lf - 1 : lf;
    // Blanks at the end of a line were added on the way (rule 3).
    let end = lineEnd;
    while (end > start && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0x09)) end -= 1;
    const isSoft = bytes[end - 1] === EQUALS && end > start;
    for (let at = start; at < (isSoft ? end - 1 : end); at += 1) {
      const byte = bytes[at] ?? 0;
      const value = byte === EQUALS ? hexOf(bytes[at + 1], bytes[at + 2]) : undefined;
      if (byte === EQUALS && value === undefined) isSound = false;
      if (value !== undefined) at += 2;
      out[length] = value ?? byte;
      length += 1;
    }
    if (!isSoft) for (let at = lineEnd; at < next; at += 1) out[length++] = bytes[at] ?? 0;
    start = next;
  }
  return { bytes: out.subarray(0, length), isSound };
}

/** Two digits of base 16, in either case. */
export function hexOf(high = 0, low = 0): number | undefined {
  const digits = String.fromCharCode(high, low);
  return /^[0-9A-Fa-f]{2}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
}

const LINE = 76;

/** Lines of 76 characters, with CR LF after each. */
export function writeBase64(bytes: Uint8Array): string {
  const text = Buffer.from(asBuffer(bytes).toString('base64'), 'latin1');
  const lines = Math.ceil(text.length / LINE);
  const out = Buffer.alloc(text.length + 2 * lines);
  for (let line = 0, at = 0; line < lines; line += 1) {
    at += text.copy(out, at, line * LINE, (line + 1) * LINE);
    out[at++] = CR;
    out[at++] = LF;
  }
  return out.toString('latin1');
}
