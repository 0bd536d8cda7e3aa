/** Zip archives made byte by byte, as somebody may make them who wants a reader to stumble. */
import { buffer } from 'node:stream/consumers';
import { crc32, deflateRawSync } from 'node:zlib';
import { fromBufferPromise } from 'yauzl';

/** A file, and what its two headers say of it where that is not the truth. */
export interface Part {
  readonly name: string | Buffer;
  readonly bytes?: Uint8Array;
  readonly stored?: boolean;
  readonly flags?: number;
  readonly method?: number;
  /** The upper half of the attributes: the mode of Unix. */
  readonly mode?: number;
  readonly central?: Headers;
  readonly local?: Headers & { readonly name?: string };
  readonly extra?: Buffer;
  /** Where the directory says that its header is. */
  readonly at?: number;
}

interface Headers {
  readonly crc?: number;
  readonly compressedSize?: number;
  readonly size?: number;
  readonly flags?: number;
  readonly method?: number;
}

/** What the end says, where that is not the truth, and what stands around it. */
interface End {
  readonly entries?: number;
  /** Rows on this disk. */
  readonly here?: number;
  readonly size?: number;
  readonly start?: number;
  readonly disk?: number;
  readonly comment?: Buffer;
  readonly before?: Buffer;
  readonly after?: Buffer;
  /** The end of ZIP64, with the fields that it has instead of the truth. */
  readonly large?: {
    readonly entries?: bigint;
    readonly start?: bigint;
    readonly at?: bigint;
    readonly length?: bigint;
    readonly disk?: number;
  };
}

export function zipOf(parts: readonly Part[], end: End = {}): Buffer {
  const pieces: Buffer[] = [];
  const rows: Buffer[] = [];
  let offset = 0;
  for (const part of parts) {
    const { local, row } = headersOf(part, offset);
    pieces.push(local);
    rows.push(row);
    offset += local.length;
  }
  const directory = Buffer.concat(rows);
  const said = {
    entries: end.entries ?? parts.length,
    size: end.size ?? directory.length,
    start: end.start ?? offset,
  };
  const comment = end.comment ?? Buffer.alloc(0);
  return Buffer.concat([
    ...pieces,
    directory,
    end.large === undefined ? Buffer.alloc(0) : largeEnd(end.large, parts.length, directory.length, offset),
    end.before ?? Buffer.alloc(0),
    numbers(
      [0x06054b50, 4],
      [end.disk ?? 0, 2],
      [end.disk ?? 0, 2],
      [end.here ?? said.entries, 2],
      [said.entries, 2],
    ),
    numbers([said.size, 4], [said.start, 4], [comment.length, 2]),
    comment,
    end.after ?? Buffer.alloc(0),
  ]);
}

function headersOf(part: Part, offset: number): { readonly local: Buffer; readonly row: Buffer } {
  const bytes = part.bytes ?? Buffer.alloc(0);
  const packed = part.stored === true ? Buffer.from(bytes) : deflateRawSync(bytes);
  const truth = {
    flags: part.flags ?? 0,
    method: part.method ?? (part.stored === true ? 0 : 8),
    crc: crc32(bytes),
    compressedSize: packed.length,
    size: bytes.length,
  };
  const name = Buffer.from(part.name);
  const localName = part.local?.name === undefined ? name : Buffer.from(part.local.name);
  const extra = part.extra ?? Buffer.alloc(0);
  return {
    local: Buffer.concat([
      numbers([0x04034b50, 4], [20, 2]),
      common({ ...truth, ...part.local }, localName.length),
      numbers([0, 2]),
      localName,
      packed,
    ]),
    row: Buffer.concat([
      numbers([0x02014b50, 4], [0x0314, 2], [20, 2]),
      common({ ...truth, ...part.central }, name.length),
      numbers(
        [extra.length, 2],
        [0, 2],
        [0, 2],
        [0, 2],
        [(part.mode ?? 0) * 0x10000, 4],
        [part.at ?? offset, 4],
      ),
      name,
      extra,
    ]),
  };
}

const common = (said: Required<Headers>, nameLength: number): Buffer =>
  numbers(
    [said.flags, 2],
    [said.method, 2],
    [0, 2],
    [0x21, 2],
    [said.crc, 4],
    [said.compressedSize, 4],
    [said.size, 4],
    [nameLength, 2],
  );

/** The end of ZIP64, and its locator. */
export function largeEnd(
  said: NonNullable<End['large']>,
  entries: number,
  size: number,
  start: number,
): Buffer {
  const count = said.entries ?? BigInt(entries);
  return Buffer.concat([
    numbers([0x06064b50, 4]),
    longs(said.length ?? 44n),
    numbers([45, 2], [45, 2], [0, 4], [said.disk ?? 0, 4]),
    longs(count, count, BigInt(size), said.start ?? BigInt(start)),
    numbers([0x07064b50, 4], [0, 4]),
    longs(said.at ?? BigInt(start + size)),
    numbers([1, 4]),
  ]);
}

/** The extra field of ZIP64. */
export const largeField = (...values: readonly bigint[]): Buffer =>
  Buffer.concat([numbers([1, 2], [8 * values.length, 2]), longs(...values)]);

/** Numbers one behind the other, the lowest byte first. */
export function numbers(...fields: readonly (readonly [value: number, width: 2 | 4])[]): Buffer {
  const bytes = Buffer.alloc(fields.reduce((sum, [, width]) => sum + width, 0));
  let at = 0;
  for (const [value, width] of fields) at = bytes.writeUIntLE(value, at, width);
  return bytes;
}

function longs(...values: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, index) => bytes.writeBigUInt64LE(value, 8 * index));
  return bytes;
}

/** The files of an archive, in the order of its directory. */
export async function unpack(archive: Uint8Array): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const zip = await fromBufferPromise(Buffer.from(archive), { strictFileNames: true });
  for await (const entry of zip.eachEntry()) {
    if (!entry.fileName.endsWith('/'))
      files.set(entry.fileName, await buffer(await zip.openReadStreamPromise(entry)));
  }
  return files;
}
