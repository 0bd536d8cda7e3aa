/** Answers compressed for who asks for it (RFC 9110, 12.5.3), off the main thread. */
import { promisify } from 'node:util';
import {
  brotliCompress,
  constants,
  gzip,
  type BrotliOptions,
  type InputType,
  type ZlibOptions,
} from 'node:zlib';

export type ContentCoding = 'br' | 'gzip';

/** Bytes from which on an answer is worth it. */
export const PACKED_FROM = 8192;

/** The better one first. */
const CODINGS: readonly (readonly [ContentCoding, names: readonly string[]])[] = [
  ['br', ['br']],
  ['gzip', ['gzip', 'x-gzip']],
];
/** Members of Accept-Encoding at most; what comes later is not looked at. */
const MEMBERS_MAX = 32;

/** What the client likes best of what we do; undefined: nothing, so it is sent as it is. */
export function codingFor(header: string | undefined): ContentCoding | undefined {
  if (header === undefined) return undefined;
  const wanted = new Map<string, number>();
  for (const member of header.split(',', MEMBERS_MAX)) {
    const [name = '', ...parameters] = member.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((part) => /^q\s*=/.test(part))?.replace(/^q\s*=\s*/, '') ?? '1';
    wanted.set(name, /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 0);
  }
  const weightOf = (names: readonly string[]): number =>
    wanted.get(names.find((name) => wanted.has(name)) ?? '*') ?? 0;
  const asItIs = wanted.get('identity') ?? 0;
  const [best] = CODINGS.map(([coding, names]) => ({ coding, weight: weightOf(names) }))
    .filter(({ weight }) => weight > 0 && weight >= asItIs)
    .toSorted((one, other) => other.weight - one.weight);
  return best?.coding;
}

const PACK = {
  br: promisify<InputType, BrotliOptions, Buffer>(brotliCompress),
  gzip: promisify<InputType, ZlibOptions, Buffer>(gzip),
};
/** Quick rather than small. */
const QUALITY = 4;

export const pack = (bytes: Uint8Array, coding: ContentCoding): Promise<Buffer> =>
  coding === 'br'
    ? PACK.br(bytes, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: QUALITY,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        },
      })
    : PACK.gzip(bytes, { level: QUALITY });

/** Types of content that are text and not packed already. */
export const isPackable = (type: string): boolean =>
  /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml|hl7-v2)\b|x-application\/hl7-v2|image\/svg\+xml|image\/(?:bmp|tiff))/i.test(
    type,
  );
