/**
 * Whose word about a patient counts when a disclosure is decided: that of the organization that discloses, and the
 * patient's own. What anybody else keeps is that organization's own affair.
 */
import type { Coding, Ref, Resource } from '../fhir/types.ts';
import { EVERYTHING, type Clause, type Match, type Query, type Sight } from '../ports/query.ts';
import type { Snapshot } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { localRef } from '../resources/element.ts';

/** Active Consents of one patient that one organization may keep; the next is refused when it is written. */
export const CONSENTS_MAX = 200;

/** The server's mark on a Consent that its patient wrote in person. */
export const OWN_WORD: Coding = {
  system: 'https://closeloop.dev/fhir/CodeSystem/consent-origin',
  code: 'patient',
  display: 'Written by the patient in person',
};

/** Consents looked at in one search. */
const PAGE = 500;

/** Whose Consents are asked for. */
export type Speaker = { readonly custodian: Ref } | 'patient';

/** The Consents about a patient that count when `from` discloses. */
export const findConsents = async (
  now: Snapshot,
  patient: Ref,
  from: Ref,
): Promise<readonly ActiveConsent[]> => countingOf(await readActive(now, patient), from);

/** Those of active Consents about a patient that count when `from` discloses: those it keeps, then the patient's own. */
export function countingOf(active: readonly ActiveConsent[], from: Ref): readonly ActiveConsent[] {
  const kept = active.filter(({ custodian }) => custodian === from);
  const own = active.filter(({ custodian, consent }) => custodian !== from && isOwnWord(consent));
  return [...kept, ...own];
}

/** A Consent in force by its status, and who keeps it. */
export interface ActiveConsent extends Pick<Match, 'ref' | 'custodian'> {
  readonly consent: Resource;
}

/** Whoever's active Consents about a patient, in one search: all of them, because a number silences nobody. */
export async function readActive(
  now: Pick<Snapshot, 'search'>,
  patient: Ref,
): Promise<readonly ActiveConsent[]> {
  const found: ActiveConsent[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const { matches, more } = await now.search(activeOf(patient, PAGE, offset));
    for (const { ref, custodian, text } of matches)
      found.push({ ref, custodian, consent: parseStored(text) });
    if (!more) return found;
  }
}

/** Whether a Consent that was found is the speaker's: an organization also sees what others brought to its referrals. */
export const isOf = ({ custodian }: Pick<Match, 'custodian'>, speaker: Speaker): boolean =>
  speaker === 'patient' || custodian === speaker.custodian;

/** The search for a speaker's active Consents; for an organization, among what it sees. */
export function consentsOf(patient: Ref, speaker: Speaker, count: number, offset: number): Query {
  if (speaker === 'patient')
    return activeOf(patient, count, offset, [{ kind: 'token', param: '_tag', ...codeOf(OWN_WORD) }]);
  const sight: Sight = { everything: false, organization: speaker.custodian };
  return { ...activeOf(patient, count, offset), sight };
}

/** Finds the active Consents about a patient; any organization may keep them. */
function activeOf(patient: Ref, count: number, offset: number, more: readonly Clause[] = []): Query {
  const of: readonly Clause[] = [
    { kind: 'reference', param: 'patient', to: [patient] },
    { kind: 'token', param: 'status', code: 'active' },
    ...more,
  ];
  return {
    type: 'Consent',
    where: { kind: 'all', of },
    sort: [],
    sight: EVERYTHING,
    count,
    offset,
    total: false,
  };
}

const codeOf = ({ system = '', code = '' }: Coding) => ({ system, code });

/** The patient that an active Consent is about; undefined for what restricts nothing now. */
export const activeFor = (consent: Resource | undefined): Ref | undefined =>
  consent?.['status'] === 'active' ? localRef(consent['patient']) : undefined;

const isMark = ({ system, code }: Coding): boolean => system === OWN_WORD.system && code === OWN_WORD.code;

export const isOwnWord = (consent: Resource | undefined): boolean => (consent?.meta?.tag ?? []).some(isMark);

/** The Consent with the mark, or without it. */
export function withOwnWord(consent: Resource, own: boolean): Resource {
  if (isOwnWord(consent) === own) return consent;
  const { tag = [], ...meta } = consent.meta ?? {};
  const tags = own ? [...tag, OWN_WORD] : tag.filter((one) => !isMark(one));
  return { ...consent, meta: { ...meta, ...(tags.length > 0 && { tag: tags }) } };
}
