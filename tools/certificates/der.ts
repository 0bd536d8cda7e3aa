/** Writes DER (X.690): each function gives a whole value, with its tag and its length. */

const LONG_FORM = 0x80;
const BYTE = 0x100;
const CONSTRUCTED = 0x20;
const CONTEXT = 0x80;

function value(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag, ...lengthOf(content.length)), content]);
}

function lengthOf(length: number): readonly number[] {
  if (length < LONG_FORM) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / BYTE)) bytes.unshift(rest % BYTE);
  return [LONG_FORM + bytes.length, ...bytes];
}

export const sequence = (...values: readonly Uint8Array[]): Buffer => value(0x30, ...values);
export const set = (...values: readonly Uint8Array[]): Buffer => value(0x31, ...values);
export const octets = (bytes: Uint8Array): Buffer => value(0x04, bytes);
export const boolean = (is: boolean): Buffer => value(0x01, Buffer.of(is ? 0xff : 0));
export const nul = (): Buffer => value(0x05);
export const text = (words: string): Buffer => value(0x0c, Buffer.from(words));

/** A number above zero, most significant byte first. */
export const integer = (bytes: Uint8Array): Buffer =>
  value(0x02, (bytes[0] ?? 0) < LONG_FORM ? bytes : Buffer.concat([Buffer.of(0), bytes]));

/** Whole bytes; zeros at the end of a single byte are left out, as DER wants it of named bits. */
export function bits(bytes: Uint8Array): Buffer {
  const [only = 0] = bytes;
  const unused = bytes.length === 1 && only !== 0 ? Math.log2(only & -only) : 0;
  return value(0x03, Buffer.of(unused), bytes);
}

/** UTCTime, for the years 1950 to 2049. Milliseconds since 1970. */
export const time = (at: number): Buffer =>
  value(0x17, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));

/** A tag of its context: around a value, or (`plain`) in place of its tag. */
export const context = (tag: number, content: Uint8Array, form: 'around' | 'plain' = 'around'): Buffer =>
  value(CONTEXT | tag | (form === 'around' ? CONSTRUCTED : 0), content);

const SEVEN_BITS = 7;
const LOW_BITS = 0x7f;
const FIRST_ARC = 40;

/** From dotted numbers. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return value(0x06, Buffer.from([first * FIRST_ARC + second, ...rest].flatMap(inSevens)));
}

function inSevens(number: number): readonly number[] {
  const sevens = [number & LOW_BITS];
  for (let rest = number >>> SEVEN_BITS; rest > 0; rest >>>= SEVEN_BITS)
    sevens.unshift(LONG_FORM | (rest & LOW_BITS));
  return sevens;
}

const PEM_LINE = /.{1,64}/g;

export const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${(Buffer.from(der).toString('base64').match(PEM_LINE) ?? []).join('\n')}\n-----END ${label}-----\n`;
