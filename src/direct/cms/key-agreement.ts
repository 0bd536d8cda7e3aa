/** The key that wraps the content key, of a secret that two EC keys share (X9.63; RFC 5753, 7.2). */
import { createHash } from 'node:crypto';
import { OctetString } from 'asn1js';
import { ECCCMSSharedInfo, type AlgorithmIdentifier } from 'pkijs';

/** The initial value of AES key wrap (RFC 3394, 2.2.3.1). */
export const WRAP_IV: Uint8Array = new Uint8Array(8).fill(0xa6);

/**
 * @param wrap the key wrap that the message names
 * @param material the sender's user keying material, if it gave any
 */
export function deriveWrapKey(p: {
  readonly secret: Uint8Array;
  readonly digest: 'sha1' | 'sha256' | 'sha384';
  readonly wrap: AlgorithmIdentifier;
  readonly keyBytes: number;
  readonly material?: Uint8Array;
}): Uint8Array {
  const shared = new ECCCMSSharedInfo({
    keyInfo: p.wrap,
    ...(p.material !== undefined && { entityUInfo: new OctetString({ valueHex: Buffer.from(p.material) }) }),
    suppPubInfo: new OctetString({ valueHex: numberOf(p.keyBytes * 8) }),
  });
  const info = new Uint8Array(shared.toSchema().toBER());
  const blocks: Uint8Array[] = [];
  for (let made = 0, counter = 1; made < p.keyBytes; counter += 1) {
    const block = createHash(p.digest).update(p.secret).update(numberOf(counter)).update(info).digest();
    blocks.push(block);
    made += block.length;
  }
  return Buffer.concat(blocks).subarray(0, p.keyBytes);
}

function numberOf(value: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
