/** The header of a mail or of a part: its fields, unfolded (RFC 5322, 2.2), each with what it means. */
import type { MailLimits } from './limits.ts';

export interface HeaderField {
  /** In lower case. */
  readonly name: string;
  /** Unfolded, each octet as the character of the same number, without blanks around it. */
  readonly value: string;
}

type HeaderFault = 'header-too-long' | 'header-broken';

/** The fields, and where the body begins. */
export interface HeaderBlock {
  readonly fields: readonly HeaderField[];
  readonly bodyStart: number;
}

const CR = 0x0d;
const LF = 0x0a;

const FIELD = /^([!-9;-~]+)[ \t]*:(.*)$/s;
// oxlint-disable-next-line no-control-regex -- what no field may hold
const FORBIDDEN = /[\0\r]/;

/**
 * Reads the header between two positions. A line may end with LF alone; a CR or a NUL within a line, and a line that is
 * no field, make the header broken: two programs could read it differently. Never throws.
 */
export function readMailHeader(
  bytes: Uint8Array,
  limits: MailLimits,
  start = 0,
  end = bytes.length,
): HeaderBlock | HeaderFault {
  const bodyStart = bodyStartOf(bytes, start, end, limits.headerBytesMax);
  if (bodyStart === undefined) return 'header-too-long';
  const block = Buffer.from(bytes.buffer, bytes.byteOffset + start, bodyStart - start).toString('latin1');
  const lines = block.replace(/\r?\n(?:\r?\n)?$/, '').split(/\r?\n/);
  const fields: { name: string; value: string }[] = [];
  for (const line of lines) {
    if (line === '' && lines.length === 1) break;
    const last = fields.at(-1);
    if (FORBIDDEN.test(line)) return 'header-broken';
    if (/^[ \t]/.test(line) && last !== undefined) {
      last.value += line;
      continue;
    }
    const [, name, value = ''] = FIELD.exec(line) ?? [];
    if (name === undefined) return 'header-broken';
    if (fields.length === limits.headerFieldsMax) return 'header-too-long';
    fields.push({ name: name.toLowerCase(), value });
  }
  return { fields: fields.map(({ name, value }) => ({ name, value: value.trim() })), bodyStart };
}

/** After the first empty line, or the end; undefined when the header is longer than allowed. */
function bodyStartOf(bytes: Uint8Array, start: number, end: number, bytesMax: number): number | undefined {
  let lineStart = start;
  const last = Math.min(end, start + bytesMax);
  while (lineStart < last) {
    if (bytes[lineStart] === LF) return lineStart + 1;
    if (bytes[lineStart] === CR && bytes[lineStart + 1] === LF && lineStart + 1 < end) return lineStart + 2;
    const lineEnd = bytes.indexOf(LF, lineStart);
    if (lineEnd === -1 || lineEnd >= last) break;
    lineStart = lineEnd + 1;
  }
  return last === end ? end : undefined;
}

/** The value of a field that stands once; the first one's, where it stands more often. */
export const valueOf = (fields: readonly HeaderField[], name: string): string | undefined =>
  fields.find((field) => field.name === name)?.value;

/** A value with parameters (RFC 2045, 5.1): `multipart/signed; boundary="b"`. */
export interface Parametrized {
  /** In lower case, without comments. */
  readonly value: string;
  /** By name in lower case, as they came: `filename`, `filename*`, `filename*0`. The first of a name counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

const PARAMETER = /;[ \t]*([!#$%&'*+.0-9A-Z^_`a-z{|}~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;" \t]*))/gsy;

/** Reads a value with parameters; what cannot be read ends the reading. */
export function readParameters(text: string): Parametrized {
  const value = /^[^;]*/.exec(text)?.[0] ?? '';
  const parameters = new Map<string, string>();
  let at = value.length;
  while (at < text.length) {
    PARAMETER.lastIndex = at;
    const [all, name = '', quoted, plain = ''] = PARAMETER.exec(text) ?? [];
    const next = text.indexOf(';', at + (all?.length ?? 1));
    if (all !== undefined && !parameters.has(name.toLowerCase()))
      parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/gs, '$1') ?? plain);
    if (next === -1) break;
    at = next;
  }
  return {
    value: value
      .replaceAll(/\([^()]*\)/g, '')
      .trim()
      .toLowerCase(),
    parameters,
  };
}

/** What a part is: `text/plain` where nothing is said, or nothing readable (RFC 2045, 5.2). */
export function partTypeOf(fields: readonly HeaderField[]): Parametrized {
  const type = readParameters(valueOf(fields, 'content-type') ?? '');
  const isType = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/.test(type.value);
  if (isType) return type;
  return {
    value: type.value === '' ? 'text/plain' : 'application/octet-stream',
    parameters: type.parameters,
  };
}
