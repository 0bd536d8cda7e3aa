/** Passwords: which are taken, which not and why, and how they are kept. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { argon2id, BUSY, createHashing } from '../../../src/accounts/hashing.ts';
import { isCommonPassword } from '../../../src/identity/frequent-passwords.ts';
import {
  judgePassword,
  newPassphrase,
  PASSWORD_FAULTS,
  passwordFaultText,
  preparePassword,
  type PasswordFault,
} from '../../../src/identity/password.ts';
import { HASH_COST, hashPassword, isPasswordOf, needsRehash } from '../../../src/identity/password-hash.ts';
import * as fc from '../../chance.ts';

const RULES = { lengthMin: 12, personal: ['ann.miller@northclinic.example', 'Ann Miller', 'North Clinic'] };
/** So many letters that are not listed anywhere. */
const letters = (count: number): string => 'qhvzkwjxpgyfbdnctmrl'.repeat(20).slice(0, count);
const CHEAP = { memory: 64, passes: 1, parallelism: 1 };

/** The random bytes by which a passphrase is drawn: one for each letter. */
const bytesOf = (passphrase: string): readonly number[] =>
  Array.from(passphrase.replaceAll('-', ''), (letter, i) =>
    (i % 2 === 0 ? 'bdfghjklmnprstvz' : 'aeiou').indexOf(letter),
  );

describe('a password', () => {
  test.each<[string, string, PasswordFault | undefined]>([
    ['11 characters', letters(11), 'short'],
    ['12 characters', `${letters(11)}1`, undefined],
    ['256 characters', `${letters(250)} and 5`.slice(0, 256), undefined],
    ['257 characters', letters(257), 'long'],
    ['11 characters of two code units', '🐎🐋🐢🦉🐝🦔🐙🦋🐌🦂🐜', 'short'],
    ['12 characters of two code units', '🐎🐋🐢🦉🐝🦔🐙🦋🐌🦂🐜🐞', undefined],
    ['nothing', '', 'short'],
    ['a sentence', 'mein Hund frisst gern Äpfel', undefined],
    ['a control character', `${letters(12)}\u0007`, 'unprintable'],
    ['half a character', `${letters(12)}\uD800`, 'unprintable'],
    ['a common word and digits', 'Password1234', 'common'],
    ['a common word with lookalikes', 'P@ssw0rd2026!!', 'common'],
    ['a short common word and digits', 'monkey202611', 'common'],
    ['a common word beside much else', 'monkey and 14 grey tables', undefined],
    ['the product', 'closeloop2026', 'personal'],
    ['the product with lookalikes', 'Cl0sel00p-2026', 'personal'],
    ['the own name', 'ann.miller77!', 'personal'],
    ['the organization', 'NorthClinic!1', 'personal'],
    ['the organization beside much else', 'NorthClinic has 4 doors', undefined],
    ['one character', 'aaaaaaaaaaaaaa', 'repetitive'],
    ['one unit', 'xkqzxkqzxkqzxkqz', 'repetitive'],
    ['characters that follow each other', 'lmnopqrstuvwx', 'repetitive'],
  ])('(identity ID-21, ID-22, ID-23) %s', (_name, typed, fault) => {
    expect(judgePassword(typed, RULES)).toBe(fault);
  });

  test('(identity ID-23) each refusal says why, with the numbers', () => {
    for (const fault of Object.keys(PASSWORD_FAULTS) as PasswordFault[]) {
      expect(passwordFaultText(fault, 12)).not.toContain('{');
      expect(passwordFaultText(fault, 12)).toMatch(/\.$/);
    }
    expect(passwordFaultText('short', 14)).toContain('14');
  });

  test('(identity ID-22) NFC and NFD of one password are one, and so are all blanks', () => {
    expect(preparePassword('A\u0308pfel essen')).toBe(preparePassword('Äpfel\u00a0essen'));
    expect(preparePassword('Groß')).toBe('Groß');
    expect(preparePassword('ＡＢＣ')).toBe('ＡＢＣ');
  });

  test('the list knows 42,000 passwords, and one in 100,000 others', () => {
    expect(['password', '123456', 'iloveyou', 'qwertyuiop'].map(isCommonPassword)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    const others = Array.from({ length: 20_000 }, () => randomBytes(12).toString('base64'));
    expect(others.filter(isCommonPassword).length).toBeLessThan(5);
  });

  test('(identity ID-23) what is offered is taken, and never the same', () => {
    const offered = Array.from({ length: 500 }, () => newPassphrase(randomBytes));
    expect(new Set(offered).size).toBe(500);
    expect(offered.filter((one) => judgePassword(one, RULES) !== undefined)).toEqual([]);
    expect(offered[0]).toMatch(/^([a-z]{6}-){3}[a-z]{6}$/);
  });

  test('(identity ID-23) what the list takes for common is not offered', () => {
    const taken = 'marese-fekele-nupibo-gopezo'; // one of the few that the list mistakes for another
    expect(isCommonPassword(taken)).toBe(true);
    const bytes = [...bytesOf(taken), ...bytesOf('dumazi-fekele-nupibo-gopezo')];
    expect(newPassphrase((count) => Buffer.from(bytes.splice(0, count)))).toBe('dumazi-fekele-nupibo-gopezo');
  });
});

describe('the hash of a password', () => {
  test('(identity ID-25) is argon2id with the parameters of OWASP, as a PHC string', async () => {
    const phc = await hashPassword('correct horse', randomBytes);
    expect(phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(await isPasswordOf('correct horse', phc)).toBe(true);
    expect(await isPasswordOf('correct horsf', phc)).toBe(false);
    expect(needsRehash(phc)).toBe(false);
    expect(needsRehash(phc, { ...HASH_COST, passes: 3 })).toBe(true);
  });

  test('(identity ID-25) a string of the reference implementation of argon2 is verified', async () => {
    const phc = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    expect(await isPasswordOf('password', phc)).toBe(true);
  });

  test.each([
    '',
    'password',
    '$argon2id$v=19$m=99999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$argon2id$v=19$m=64,t=999,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$argon2id$v=19$m=4,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$2b$10$abcdefghijklmnopqrstuv',
  ])('%j is nobody’s, and no work is done for it', async (phc) => {
    expect(await isPasswordOf('password', phc)).toBe(false);
    expect(needsRehash(phc)).toBe(true);
  });

  test('comes back for any password', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), async (typed) => {
        const prepared = preparePassword(typed);
        if (prepared === undefined) return;
        const phc = await hashPassword(prepared, randomBytes, CHEAP);
        expect(await isPasswordOf(preparePassword(typed.normalize('NFD')) ?? '', phc)).toBe(true);
      }),
    );
  });
});

describe('the queue before the hash', () => {
  test('(identity ID-26) two run, 32 wait, the rest is told to come again', async () => {
    let running = 0;
    let most = 0;
    const slow = async (): Promise<boolean> => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return true;
    };
    const hashing = createHashing({ hash: async () => '', verify: slow });
    const answers = await Promise.all(Array.from({ length: 100 }, () => hashing.verify('p', 'x')));
    expect(answers.filter((one) => one === true)).toHaveLength(34);
    expect(answers.filter((one) => one === BUSY)).toHaveLength(66);
    expect(most).toBe(2);
    expect(await hashing.verify('p', 'x')).toBe(true);
  });

  test('(identity ID-20) without a string the same work is done, for nothing', async () => {
    const asked: string[] = [];
    const verify = async (_: string, phc: string): Promise<boolean> => asked.push(phc) > 0;
    expect(await createHashing({ hash: async () => '', verify }).verify('p', undefined)).toBe(false);
    expect(asked).toHaveLength(1);
    expect(needsRehash(asked[0] ?? '')).toBe(false);
    expect(await createHashing(argon2id(randomBytes)).verify('p', undefined)).toBe(false);
  });

  test('a hash that fails gives its place away', async () => {
    const hashing = createHashing({
      hash: () => Promise.reject(new Error('no memory')),
      verify: async () => true,
    });
    for (let i = 0; i < 5; i += 1) await expect(hashing.hash('p')).rejects.toThrow('no memory');
    expect(await hashing.verify('p', 'x')).toBe(true);
  });
});
