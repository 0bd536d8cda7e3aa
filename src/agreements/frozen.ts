/** What of an agreement stays as it was offered (baa-messaging BA3), and what of it an associate may write (BA2). */
import { isSame } from '../fhir/same.ts';
import type { Extension, Resource } from '../fhir/types.ts';
import { AGREEMENT_EXTENSIONS, asContract } from './contract.ts';

/** Parties, document, service and period, and whatever the document says. */
const FROZEN = [
  'type',
  'authority',
  'subject',
  'applies',
  'term',
  'legal',
  'friendly',
  'rule',
  'modifierExtension',
];

/** Extensions that say what the document holds. */
const OF_DOCUMENT: ReadonlySet<string> = new Set([
  AGREEMENT_EXTENSIONS.checklist,
  AGREEMENT_EXTENSIONS.delegatedDuty,
  AGREEMENT_EXTENSIONS.breachNoticeHours,
]);

/** The first element that does not change once it was offered, and has. */
export const frozenIn = (before: Resource, after: Resource): string | undefined =>
  FROZEN.find((element) => !isSame(before[element], after[element])) ??
  (isSame(documentExtensions(before), documentExtensions(after)) ? undefined : 'extension');

const documentExtensions = (contract: Resource): readonly Extension[] =>
  (asContract(contract).extension ?? []).filter(({ url }) => OF_DOCUMENT.has(url));

/** What the server writes, and what every write says. */
const ALWAYS: ReadonlySet<string> = new Set(['id', 'meta', 'legalState', 'status', 'resourceType']);

/** What an associate changes when it counters or amends: another document, and what that says. */
const BY_COUNTER: ReadonlySet<string> = new Set(['legal', 'applies', 'term', 'signer']);

/** The first element that the associate may not write; a counter offer changes the document, any other event the reason. */
export function notOfAssociate(
  before: Resource,
  after: Resource,
  event: string | undefined,
): string | undefined {
  const isCounter = event === 'counter' || event === 'amend';
  const isSigning = event === 'sign-first' || event === 'sign-second';
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const free = (name: string): boolean =>
    ALWAYS.has(name) ||
    name === 'extension' ||
    (isCounter && BY_COUNTER.has(name)) ||
    (isSigning && name === 'signer') ||
    (event === 'amend' && name === 'supportingInfo');
  const changed = [...names].find((name) => !free(name) && !isSame(before[name], after[name]));
  if (changed !== undefined) return changed;
  return isSame(keptExtensions(before, event), keptExtensions(after, event)) ? undefined : 'extension';
}

function keptExtensions(contract: Resource, event: string | undefined): readonly Extension[] {
  const isKept = (url: string): boolean =>
    url !== AGREEMENT_EXTENSIONS.event &&
    (event === undefined || url !== AGREEMENT_EXTENSIONS.reason) &&
    !(
      (event === 'counter' || event === 'amend') &&
      (OF_DOCUMENT.has(url) || url === AGREEMENT_EXTENSIONS.reviewBy)
    );
  return (asContract(contract).extension ?? []).filter(({ url }) => isKept(url));
}

/** The parties and the sort of an agreement stay the same once it was offered, whatever happens to it. */
export const partiesFrozenIn = (before: Resource, after: Resource): string | undefined =>
  ['type', 'authority', 'subject'].find((element) => !isSame(before[element], after[element]));
