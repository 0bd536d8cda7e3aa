/**
 * Finds the notice of 42 CFR 2.32 that goes with what an organization is about to be told, as of now: whether one is owed,
 * and the Consent that permits it (compliance P14, P15). Only content of Part 2 is looked at further.
 */
import { parseJson } from '../fhir/json.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import { decidingPermit, permitOf, releases, type Permit } from '../policies/consent/permit.ts';
import { factsOf } from '../policies/facts.ts';
import type { PartyKind, PartyKindDefault } from '../policies/party-kind.ts';
import { BARE_NOTICE, mustRefrain, owesNotice, type Notice } from '../policies/part2/notice.ts';
import { scopeText } from '../policies/part2/scope-text.ts';
import type { Purpose } from '../policies/purpose.ts';
import { EVERYTHING, type Sight } from '../ports/query.ts';
import type { NoticePlace, NoticeToShow, PresentVersion } from '../ports/rail.ts';
import type { Snapshot } from '../ports/store.ts';
import { parseStored, resourceOf } from '../ports/stored-resource.ts';
import { localRef, typeOf, valuesAt } from '../resources/element.ts';
import { partyWorldOf } from '../resources/party-world.ts';
import { findConsents } from './consents.ts';
import { findActors, withNotedActors } from './denials.ts';
import { readKinds, readSameEntity } from './party-facts.ts';
import { bearsPart2, compartmentPatientsIn } from './subject.ts';

/** To whom something is told, what for, and when. */
interface NoticeReader {
  readonly to: Ref;
  readonly purpose: Purpose;
  /** What of the Consents it may read. */
  readonly sight: Sight;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly partyKindDefault: PartyKindDefault;
  /** Shows the copy of a Consent. */
  readonly present: PresentVersion;
}

/** What is told, and who tells it. */
export interface NoticeSubject {
  readonly ref: Ref;
  readonly text: string | undefined;
  readonly custodian: Ref | '';
}

/** The notice of what is told to one reader; undefined for what is no content of Part 2, or is its own. */
export type FindNotice = (subject: NoticeSubject) => Promise<Notice | 'none' | undefined>;

/** What is told with its notice: `inside` it, or `beside` it in the same answer. */
export const placed = (
  notice: Awaited<ReturnType<FindNotice>>,
  place: NoticePlace,
): NoticeToShow | undefined => (typeof notice === 'object' ? { ...notice, place } : notice);

/** Reads each fact once, however many resources are told together. */
export function createFindNotice(now: Snapshot, reader: NoticeReader): FindNotice {
  const partiesOf = remembering((from: Ref) => readParties(now, from, reader));
  const permitsOf = remembering((key: string) => {
    const [patient = '', from = ''] = key.split(' ') as Ref[]; // made below
    return readPermits(now, patient as Ref, from as Ref);
  });
  const explain = remembering((source: Ref) => explainConsent(now, source, reader));
  return async ({ ref, text, custodian }) => {
    if (text === undefined || custodian === '' || custodian === reader.to) return undefined;
    if (!bearsPart2(typeOf(ref), text)) return undefined;
    const { recipientKinds, sameEntity } = await partiesOf(custodian);
    const resource = parseStored(text);
    const permits: Permit[] = [];
    for (const patient of compartmentPatientsIn(ref, resource))
      permits.push(...(await permitsOf(`${patient} ${custodian}`)));
    const { labels, counseling } = factsOf(resource);
    const releasing = permits.filter((one) => releases(one, counseling ? 'counseling' : 'part2'));
    const telling = {
      ref,
      type: typeOf(ref),
      from: custodian,
      to: reader.to,
      recipientKinds,
      labels,
      purpose: reader.purpose,
    };
    const permit = decidingPermit(releasing, telling, reader.at);
    const isConsented = permit !== undefined;
    if (!owesNotice({ sameEntity, recipientKinds, purpose: reader.purpose, isConsented })) return 'none';
    const refrains = mustRefrain(recipientKinds, permit?.kind);
    return permit === undefined
      ? { ...BARE_NOTICE, refrains }
      : { ...(await explain(permit.source)), refrains };
  };
}

/** The value that a key makes, made once. */
function remembering<Key, Value>(make: (key: Key) => Promise<Value>): (key: Key) => Promise<Value> {
  const known = new Map<Key, Promise<Value>>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}

interface NoticeParties {
  readonly recipientKinds: ReadonlySet<PartyKind>;
  readonly sameEntity: boolean;
}

const readParties = async (
  now: Snapshot,
  from: Ref,
  { to, partyKindDefault }: NoticeReader,
): Promise<NoticeParties> => ({
  recipientKinds: await readKinds(now, to, from, partyKindDefault),
  sameEntity: await readSameEntity(now, from, to),
});

/** What the Consents about a patient permit that count when `from` discloses. */
async function readPermits(now: Snapshot, patient: Ref, from: Ref): Promise<readonly Permit[]> {
  const found = await findConsents(now, patient, from);
  const consents = found.map((active) => ({ ...active, consent: withNotedActors(active.consent) }));
  const actors = await findActors(
    consents.map(({ consent }) => consent),
    partyWorldOf(now),
  );
  return consents.flatMap(({ ref, custodian, consent }) => permitOf(consent, ref, custodian, actors) ?? []);
}

/** The scope of a Consent in words; and the Consent itself, where the reader may see it. */
async function explainConsent(
  now: Snapshot,
  source: Ref,
  { sight, present }: NoticeReader,
): Promise<Omit<Notice, 'refrains'>> {
  const consent = resourceOf(await now.read(source, EVERYTHING));
  if (consent === undefined) return BARE_NOTICE;
  const seen = await now.read(source, sight);
  const isSeen = seen?.text !== undefined;
  return {
    scope: scopeText(consent, await readNames(now, consent)),
    consent: isSeen ? source : undefined,
    copy: isSeen ? parseJson(present(seen, sight)).storing : undefined,
  };
}

/** What the actors of a Consent are called, by their reference as written. */
async function readNames(now: Snapshot, consent: Resource): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const actor of valuesAt(consent, 'provision.actor.reference')) {
    const ref = localRef(actor);
    const name = ref === undefined ? undefined : resourceOf(await now.read(ref, EVERYTHING))?.['name'];
    if (ref !== undefined && typeof name === 'string') names.set(ref, name);
  }
  return names;
}
