/**
 * Which passwords are taken (identity ID-21 to ID-24, NIST SP 800-63B-4 section 3.1.1.2): by length and by what many others
 * have. There are no rules about kinds of characters, no expiry and no hints.
 */
import { isCommonPassword } from './frequent-passwords.ts';
import type { RandomBytes } from './seal.ts';

/** Why a password is not taken. */
export type PasswordFault =
  | 'short'
  | 'long'
  | 'unprintable'
  | 'common'
  | 'repetitive'
  | 'personal'
  | 'breached';

/** What a person reads about it. `{min}` and `{max}` are numbers of characters. */
export const PASSWORD_FAULTS: Readonly<Record<PasswordFault, string>> = {
  short: 'It is too short: take at least {min} characters. A sentence is fine.',
  long: 'It is too long: take at most {max} characters.',
  unprintable: 'It holds a character that cannot be typed or shown.',
  common: 'Many people use it, or something very close to it. Choose another one.',
  repetitive: 'It repeats a few characters, or counts on. Choose another one.',
  personal: 'It is made of a name that belongs to you, to your organization or to this product.',
  breached: 'It was found in a breach of another service. Whoever has that list tries it here.',
};

const PASSWORD_LENGTH_MAX = 256;

/** Characters that are left beside a known word at least, so that the word does no harm. */
const BESIDE_MIN = 8;
/** Words of a person or an organization that are shorter stand in too many passwords. */
const WORD_MIN = 4;
const PRODUCT = ['closeloop'];

interface PasswordRules {
  /** Characters at least. */
  readonly lengthMin: number;
  /** Login name, names of the person and of its organizations. */
  readonly personal: readonly string[];
}

/**
 * A password as it is hashed and compared (RFC 8265, OpaqueString): Unicode's NFC, every blank a space. Undefined: it holds
 * control characters, half a character, or nothing.
 */
export function preparePassword(typed: string): string | undefined {
  if (typed === '' || !typed.isWellFormed() || /[\p{Cc}\p{Cn}\p{Zl}\p{Zp}]/u.test(typed)) return undefined;
  return typed.replaceAll(/\p{Zs}/gu, ' ').normalize('NFC');
}

/** The first reason why a password is not taken, but for breaches; undefined: none. */
export function judgePassword(
  typed: string,
  { lengthMin, personal }: PasswordRules,
): PasswordFault | undefined {
  const prepared = preparePassword(typed);
  if (prepared === undefined) return typed === '' ? 'short' : 'unprintable';
  const length = Array.from(prepared).length;
  if (length < lengthMin) return 'short';
  if (length > PASSWORD_LENGTH_MAX) return 'long';
  const forms = formsOf(prepared);
  if (forms.some(isCommonPassword)) return 'common';
  if (forms.some(isRepetitive)) return 'repetitive';
  const words = [...PRODUCT, ...personal.flatMap(wordsOf)];
  return forms.some((form) => isMadeOf(form, words)) ? 'personal' : undefined;
}

/** What a person reads about a fault. */
export const passwordFaultText = (fault: PasswordFault, lengthMin: number): string =>
  PASSWORD_FAULTS[fault].replace('{min}', String(lengthMin)).replace('{max}', String(PASSWORD_LENGTH_MAX));

const CONSONANTS = 'bdfghjklmnprstvz';
const VOWELS = 'aeiou';
const SYLLABLES = 12;

/**
 * A password that is offered: twelve random syllables in four words, which is 75 bits, and none that {@link judgePassword}
 * takes for common.
 */
export function newPassphrase(random: RandomBytes): string {
  for (;;) {
    const text = drawPassphrase(random);
    if (!isCommonPassword(text)) return text;
  }
}

function drawPassphrase(random: RandomBytes): string {
  let text = '';
  for (let syllables = 0; syllables < SYLLABLES;) {
    const [first = 0, second = 0] = random(2);
    if (second >= 255) continue; // so that each vowel is as likely
    if (syllables > 0 && syllables % 3 === 0) text += '-';
    text += `${CONSONANTS[first % CONSONANTS.length]}${VOWELS[second % VOWELS.length]}`;
    syllables += 1;
  }
  return text;
}

/** Digits and signs that are put in the place of letters. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'l',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
  '€': 'e',
};

/**
 * The password as guessers think of it: in lower case, without the little that stands around its letters, with letters
 * for lookalikes.
 */
function formsOf(prepared: string): readonly string[] {
  const folded = prepared.normalize('NFKC').toLowerCase();
  const core = folded.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  const isClose = core !== '' && Array.from(folded).length - Array.from(core).length < BESIDE_MIN;
  const plain = isClose ? [folded, core] : [folded];
  const letters = plain.map((form) =>
    Array.from(form)
      .map((one) => LOOKALIKES[one] ?? one)
      .join(''),
  );
  return [...new Set([...plain, ...letters])];
}

/** Few characters again and again, one unit repeated, or characters that follow each other. */
function isRepetitive(form: string): boolean {
  const points = Array.from(form).map((one) => one.codePointAt(0) ?? 0);
  if (points.length < BESIDE_MIN) return false;
  if (new Set(points).size < 5) return true;
  if (/^(.{1,7}?)\1+$/su.test(form)) return true;
  const jumps = points.filter((point, i) => i > 0 && Math.abs(point - (points[i - 1] ?? 0)) > 1).length;
  return jumps < 3;
}

const wordsOf = (name: string): readonly string[] =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => Array.from(word).length >= WORD_MIN);

/** Whether a password holds one of the words, and little else. */
const isMadeOf = (form: string, words: readonly string[]): boolean => {
  const left = words.reduce((text, word) => text.replaceAll(word, ''), form);
  return left !== form && Array.from(left).length < BESIDE_MIN;
};
