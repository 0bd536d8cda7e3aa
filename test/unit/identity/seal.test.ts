/** Sealing: what is sealed opens in its own record, with its own key, unchanged, and nowhere else. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { createSeal, keyFingerprint, SEAL_KEY_BYTES } from '../../../src/identity/seal.ts';
import * as fc from '../../chance.ts';

const KEY = Buffer.alloc(SEAL_KEY_BYTES, 7);
const PLACE = { kind: 'credential', key: 'c1' };
const seal = createSeal(KEY, randomBytes);

describe('sealing', () => {
  test('(identity ID-54) a sealed text opens in its own record', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (plain) => {
        expect(seal.open(seal.close(plain, PLACE), PLACE)).toEqual(Buffer.from(plain));
      }),
    );
  });

  test.each<[string, (sealed: string) => Buffer | undefined]>([
    ['in another record', (sealed) => seal.open(sealed, { ...PLACE, key: 'c2' })],
    ['in a record of another kind', (sealed) => seal.open(sealed, { ...PLACE, kind: 'signing-key' })],
    ['with another key', (sealed) => createSeal(Buffer.alloc(32, 8), randomBytes).open(sealed, PLACE)],
    ['cut', (sealed) => seal.open(sealed.slice(0, -2), PLACE)],
    ['cut to its head', (sealed) => seal.open(sealed.slice(0, 20), PLACE)],
    ['of another version', (sealed) => seal.open(`AA${sealed.slice(2)}`, PLACE)],
    ['that is none', () => seal.open('no sealed text', PLACE)],
    ['that is empty', () => seal.open('', PLACE)],
  ])('(identity ID-54) a text %s does not open', (_name, open) => {
    expect(open(seal.close(Buffer.from('secret'), PLACE))).toBeUndefined();
  });

  test('(identity ID-54) a text with one changed bit does not open', () => {
    const sealed = Buffer.from(seal.close(Buffer.from('secret'), PLACE), 'base64url');
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(seal.open(changed.toString('base64url'), PLACE)).toBeUndefined();
    }
  });

  test('the same text is never sealed the same, and does not show', () => {
    const sealed = Array.from({ length: 100 }, () => seal.close(Buffer.from('canary'), PLACE));
    expect(new Set(sealed).size).toBe(100);
    expect(sealed.filter((text) => Buffer.from(text, 'base64url').includes('canary'))).toEqual([]);
  });

  test('a key has a short name that tells it from others', () => {
    expect(keyFingerprint(KEY)).toMatch(/^[0-9a-f]{8}$/);
    expect(keyFingerprint(KEY)).not.toBe(keyFingerprint(Buffer.alloc(32, 8)));
  });
});
