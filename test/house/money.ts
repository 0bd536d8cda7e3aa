/**
 * No figure, routing row or counter has a field of money (routing RL10): a referral is worth nothing to who carries it (42
 * USC 1320a-7b(b)). The words of fields are looked at, not those of comments, nor what a clinical document says.
 */
import type { Tree } from './tree.ts';

/** A word of a field's name that stands for money. */
const MONEY = new Set(
  'money price prices fee fees amount cost costs charge charges currency tariff payout commission billed usd dollars cents'.split(
    ' ',
  ),
);

/** Where figures, routing and counters are: what of each file's path says so. */
const WATCHED: readonly RegExp[] = [
  /^src\/(?:delivery|jobs|policies|agreements|messaging|accounts|rails|inbound|outgoing)\//,
  /^src\/operations\/(?:accounting|deliveries|evidence|extended|reviews|timeline)\//,
  /^src\/referral\//,
  /(?:metrics|counters?|figures|shares|quota)\.ts$/,
  /^profiles\/closeloop\//,
];

/** A field of a type or of an object, or the id of an element, at the beginning of a line. */
const FIELD = /^\s*(?:readonly )?(?:'([\w.-]+)'|"([\w.-]+)"|(\w+))\s*\??:/;
/** The name of a metric, a column, a parameter or an element, as a text of its own. */
const NAMED = /["']?(?:name|id|column|label|path)["']?\s*:\s*["']([\w.:-]+)["']/g;
/** An element of FHIR's own type for money. */
const FHIR_MONEY = /"code"\s*:\s*"Money"|\bvalueMoney\b/;

/** Every field of money, with its place. */
export function fieldsOfMoney(files: Tree): readonly string[] {
  return [...files]
    .filter(([path]) => WATCHED.some((watched) => watched.test(path)))
    .flatMap(([path, text]) =>
      text.split('\n').flatMap((line, at) => (isOfMoney(line) ? [`${path}:${at + 1} ${line.trim()}`] : [])),
    );
}

/** The exception of 45 CFR 171.302, by its name in the law. */
const NAMED_BY_LAW = /^\s*'fees':.*171\.302/;

export function isOfMoney(line: string): boolean {
  if (NAMED_BY_LAW.test(line)) return false;
  if (FHIR_MONEY.test(line)) return true;
  const [, quoted, json, plain] = FIELD.exec(line) ?? [];
  const names = [quoted, json, plain, ...[...line.matchAll(NAMED)].map(([, name]) => name)];
  return names.some((name) => name !== undefined && wordsOf(name).some((word) => MONEY.has(word)));
}

const wordsOf = (name: string): readonly string[] =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/);
