/** By what the content of a message is known again (rules 7.3). */
import { createHash } from 'node:crypto';

/** A digest of the bytes without MSH-7: an engine that sends again may write another time (rules 7.3). */
export function fingerprintOf(bytes: Uint8Array): string {
  const digest = createHash('sha256');
  const [start, end] = timeOf(bytes);
  digest.update(bytes.subarray(0, start));
  digest.update('\0');
  digest.update(bytes.subarray(end));
  return digest.digest('hex');
}

const [LF, CR] = [10, 13];

/** Where MSH-7 stands: between the sixth field separator and the seventh, or the end of the segment. */
function timeOf(bytes: Uint8Array): readonly [start: number, end: number] {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf('MSH');
  const separator = bytes[at + 3];
  if (at < 0 || separator === undefined) return [0, 0];
  let seen = 0;
  let start = 0;
  for (let i = at + 3; i < bytes.length; i += 1) {
    const byte = bytes[i];
    const ends = byte === CR || byte === LF;
    if (ends || byte === separator) {
      seen += 1;
      if (seen === 7 || (ends && start > 0)) return [start, i];
      if (ends) return [0, 0];
      if (seen === 6) start = i + 1;
    }
  }
  return start === 0 ? [0, 0] : [start, bytes.length];
}
