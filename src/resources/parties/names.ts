/**
 * Whether two names may belong to one organization (directory DR25). The server asks before it acts on a number alone,
 * because one in ten arbitrary numbers has a right check digit. The comparison never finds anybody; it only raises
 * doubts.
 */

/** Legal forms, titles and words that a name may have or lack. */
const DROPPED: ReadonlySet<string> = new Set(
  'the and of for at inc llc llp lp pc pa pllc ltd corp corporation co company md do dr dds np services service group'.split(
    ' ',
  ),
);

/** One spelling for words that are written in several ways. */
const SAME: ReadonlyMap<string, readonly string[]> = new Map([
  ['st', ['street', 'saint']],
  ['ave', ['avenue']],
  ['rd', ['road']],
  ['ctr', ['center']],
  ['centre', ['center']],
  ['cntr', ['center']],
  ['assoc', ['associates']],
  ['assocs', ['associates']],
  ['association', ['associates']],
  ['associate', ['associates']],
  ['hosp', ['hospital']],
  ['med', ['medical']],
  ['medicine', ['medical']],
  ['practice', ['medical']],
  ['clin', ['clinic']],
  ['dept', ['department']],
  ['univ', ['university']],
  ['mt', ['mount']],
]);

/** Words that do not tell one organization from another. */
const GENERIC: ReadonlySet<string> = new Set(
  'family medical health healthcare care hospital clinic center associates department university north south east west street saint mount avenue road general regional community county city central'.split(
    ' ',
  ),
);

/** Words that name a field of medicine. A name without one does not say which office of a house it means. */
const FIELD = /(?:ology|iatry|iatrics|surgery|therapy|dentistry|obstetrics|orthopedics|radiography|imaging)$/;

/** The least similarity of two words that count as the same. */
const ALIKE = 0.92;

/** Whether a name may belong to a party with one of these names. */
export function mayBeSame(name: string, known: readonly string[]): boolean {
  return known.some((one) => fits(wordsOf(name), wordsOf(one)));
}

/** The words of a name, each with all its meanings. */
function wordsOf(name: string): readonly (readonly string[])[] {
  return name
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[\u0300-\u036f'’.]/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '' && !DROPPED.has(word))
    .map((word) => SAME.get(word) ?? [word]);
}

type Words = ReturnType<typeof wordsOf>;

function fits(one: Words, other: Words): boolean {
  const [shorter, longer] = one.length <= other.length ? [one, other] : [other, one];
  const partners = shorter.map((word) => longer.some((candidate) => isAlike(word, candidate)));
  if (shorter.length === 0 || partners.includes(false)) return false;
  const rest = longer.filter((word) => !shorter.some((partner) => isAlike(partner, word)));
  return shorter.some(isTelling) && !rest.some((meanings) => meanings.some((word) => FIELD.test(word)));
}

const isTelling = (meanings: readonly string[]): boolean => !meanings.every((word) => GENERIC.has(word));

const isAlike = (one: readonly string[], other: readonly string[]): boolean =>
  one.some((a) => other.some((b) => a === b || jaroWinkler(a, b) >= ALIKE));

/** Similarity of two words, 0 to 1 (Winkler 1990). */
function jaroWinkler(a: string, b: string): number {
  const jaro = jaroOf(a, b);
  let prefix = 0;
  while (prefix < 4 && prefix < Math.min(a.length, b.length) && a[prefix] === b[prefix]) prefix += 1;
  return jaro + prefix * 0.1 * (1 - jaro);
}

function jaroOf(a: string, b: string): number {
  const window = Math.max(0, Math.floor(Math.max(a.length, b.length) / 2) - 1);
  const taken = new Set<number>();
  const matchedA: string[] = [];
  for (let i = 0; i < a.length; i += 1) {
    for (let j = Math.max(0, i - window); j < Math.min(b.length, i + window + 1); j += 1) {
      if (taken.has(j) || a[i] !== b[j]) continue;
      taken.add(j);
      matchedA.push(a[i] ?? '');
      break;
    }
  }
  const matches = matchedA.length;
  if (matches === 0) return 0;
  const matchedB = [...taken].toSorted((x, y) => x - y).map((j) => b[j]);
  const swapped = matchedA.filter((letter, i) => letter !== matchedB[i]).length / 2;
  return (matches / a.length + matches / b.length + (matches - swapped) / matches) / 3;
}
