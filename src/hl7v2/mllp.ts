/**
 * MLLP, the minimal lower layer protocol (HL7 v2.5.1 Implementation Guide, appendix C; release 1). A block is VT (0x0B)
 * · content · FS (0x1C) · CR (0x0D).
 *
 * The reader turns a stream of bytes into blocks. It knows no sockets: the caller pushes the bytes that arrive.
 */
import { Hl7Fault } from './fault.ts';

/** A piece of a stream. */
export type Frame =
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  /** A block that is longer than allowed; the reader skips it up to its FS. `head` is its beginning, for the answer. */
  | { readonly kind: 'oversize'; readonly head: Uint8Array }
  /**
   * A block that began inside a block: the sender gave up in the middle, or did not escape. The reader skips both
   * parts, because neither can be trusted; the sender sends again what nobody acknowledged.
   */
  | { readonly kind: 'restarted'; readonly head: Uint8Array }
  /** Bytes outside of blocks, other than line ends; the reader reports them when the next block begins. */
  | { readonly kind: 'garbage'; readonly bytesSkipped: number };

interface Deframer {
  /**
   * The pieces that this chunk completes, in order; the result does not depend on how the stream is cut. A block ends
   * with its FS: the CR after it may come later, or never. The bytes are copies. Long ones are in shared memory, so
   * that other threads can read them without a copy.
   */
  push(chunk: Uint8Array): readonly Frame[];
  /** The bytes after the last FS: an incomplete block, and bytes outside of any. */
  readonly pending: { readonly bytesInside: number; readonly bytesOutside: number };
}

const VT = 0x0b;
const FS = 0x1c;
const CR = 0x0d;
const LF = 0x0a;

/** The number of bytes handed over of a block that is not delivered: no MSH is longer. */
const HEAD_BYTES = 16_384;

/** Reads one stream. `bytesMax` bounds the content of a block, and thus the memory that the reader holds. */
export function createDeframer({ bytesMax }: { readonly bytesMax: number }): Deframer {
  const block = createBlock(bytesMax);
  let inside = false;
  let bytesOutside = 0;

  return {
    push(chunk) {
      const frames: Frame[] = [];
      for (let at = 0; at < chunk.length;) {
        const mark = chunk.indexOf(inside ? FS : VT, at);
        const part = chunk.subarray(at, mark === -1 ? chunk.length : mark);
        at += part.length + 1;
        if (inside) {
          const fault = block.add(part);
          if (fault !== undefined) frames.push(fault);
        } else bytesOutside += countGarbage(part);
        if (mark === -1) break;
        const found = inside ? block.end() : garbage(bytesOutside);
        if (found !== undefined) frames.push(found);
        bytesOutside = 0;
        inside = !inside;
      }
      return frames;
    },
    get pending() {
      return { bytesInside: block.size, bytesOutside };
    },
  };
}

const garbage = (bytesSkipped: number): Frame | undefined =>
  bytesSkipped === 0 ? undefined : { kind: 'garbage', bytesSkipped };

function countGarbage(part: Uint8Array): number {
  let count = 0;
  for (const byte of part) if (byte !== CR && byte !== LF) count += 1;
  return count;
}

/**
 * The block that is being read. Its memory doubles as it grows, so that the work is linear in the bytes, however small
 * the chunks. The memory of a long block grows in place, so that no chunk takes longer than the others.
 */
function createBlock(bytesMax: number) {
  let held: Uint8Array = new Uint8Array(0);
  let size = 0;
  let skipping = false;
  let isRestarted = false;

  const hold = (part: Uint8Array): void => {
    const needed = size + part.length;
    if (needed > held.length)
      held = grown(held, Math.min(bytesMax, Math.max(needed, held.length * 2, 4096)), bytesMax);
    held.set(part, size);
    isRestarted ||= restarts(held.subarray(Math.max(0, size - MARK_BYTES + 1), needed));
    size = needed;
  };

  /** The bytes that are held, as the caller's own; memory that a long block needed goes along with them. */
  const release = (): Uint8Array => {
    const content = held.length > REUSED_BYTES ? held.subarray(0, size) : held.slice(0, size);
    if (held.length > REUSED_BYTES) held = new Uint8Array(0);
    size = 0;
    isRestarted = false;
    return content;
  };

  return {
    get size() {
      return size;
    },
    /** The fault, once, when this part makes the block too long. */
    add(part: Uint8Array): Frame | undefined {
      if (skipping) return undefined;
      skipping = part.length > bytesMax - size;
      hold(part.subarray(0, bytesMax - size));
      return skipping ? { kind: 'oversize', head: release().slice(0, HEAD_BYTES) } : undefined;
    },
    /** The block, now that its FS has come. */
    end(): Frame | undefined {
      if (skipping) {
        skipping = false;
        return undefined;
      }
      const restarted = isRestarted;
      const bytes = release();
      return restarted ? { kind: 'restarted', head: bytes.slice(0, HEAD_BYTES) } : { kind: 'message', bytes };
    },
  };
}

const REUSED_BYTES = 65_536;

function grown(held: Uint8Array, bytes: number, bytesMax: number): Uint8Array {
  const { buffer } = held;
  if (buffer instanceof SharedArrayBuffer) {
    buffer.grow(bytes);
    return new Uint8Array(buffer, 0, bytes);
  }
  const memory =
    bytes > REUSED_BYTES ? new SharedArrayBuffer(bytes, { maxByteLength: bytesMax }) : new ArrayBuffer(bytes);
  const larger = new Uint8Array(memory, 0, bytes);
  larger.set(held);
  return larger;
}

/** A VT alone may be a line break from a word processor. */
const restarts = (part: Uint8Array): boolean => {
  if (!part.includes(VT)) return false;
  const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
  return ['\vMSH', '\vFHS', '\vBHS'].some((mark) => bytes.includes(mark, 0, 'latin1'));
};

const MARK_BYTES = 4;

/** Content as a block. Throws {@link Hl7Fault} for content that would end the block early. */
export function frame(content: Uint8Array): Uint8Array<ArrayBuffer> {
  if (content.includes(FS)) throw new Hl7Fault('102', 'the content holds the byte that ends a block');
  const block = new Uint8Array(content.length + 3);
  block[0] = VT;
  block.set(content, 1);
  block[content.length + 1] = FS;
  block[content.length + 2] = CR;
  return block;
}
