/**
 * Finds the notice of 42 CFR 2.32 that goes with what an organization is about to be told, as of now: whether one is owed,
 * and the Consent that permits it (compliance P14, P15). Only content of Part 2 is looked at further.
 */
import { parseJson } from '../fhir/json.ts';
import type { Ref, Reference, Resource } from '../fhir/types.ts';
import { decidingPermit, releases, type Permit } from '../policies/consent/permit.ts';
import { factsOf, type ContentFacts } from '../policies/facts.ts';
import { REFERRAL_PURPOSE } from '../policies/index.ts';
import type { PartyKind, PartyKindDefault } from '../policies/party-kind.ts';
import { BARE_NOTICE, mustRefrain, owesNotice, type Notice } from '../policies/part2/notice.ts';
import { scopeText } from '../policies/part2/scope-text.ts';
import type { Purpose } from '../policies/purpose.ts';
import type { Clock } from '../ports/clock.ts';
import { EVERYTHING, type Sight } from '../ports/query.ts';
import type { NoticePlace, NoticeToShow, PresentVersion } from '../ports/rail.ts';
import type { ClaimedEntry, Snapshot, Version } from '../ports/store.ts';
import { parseStored, resourceOf } from '../ports/stored-resource.ts';
import { localRef, typeOf, valuesAt } from '../resources/element.ts';
import { addressedParty } from '../resources/party.ts';
import { partyWorldOf } from '../resources/party-world.ts';
import { findConsents } from './consents.ts';
import { findActors, withNotedActors } from './denials.ts';
import { readKinds, readSameEntity } from './party-facts.ts';
import { permitsAmong } from './permits.ts';
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

/** The notice that goes with a resource to one reader; undefined where it is not under Part 2, or the reader keeps it. */
export type FindNotice = (subject: NoticeSubject) => Promise<Notice | 'none' | undefined>;

/** What is told with its notice: `inside` it, or `beside` it in the same answer. */
export const placed = (
  notice: Awaited<ReturnType<FindNotice>>,
  place: NoticePlace,
): NoticeToShow | undefined => (typeof notice === 'object' ? { ...notice, place } : notice);

/** Reads each fact once, however many resources are told together. */
export function createFindNotice(now: Snapshot, reader: NoticeReader): FindNotice {
  const findFor = createFinder(now, reader);
  return async ({ ref, text, custodian }) => {
    if (text === undefined || custodian === '' || custodian === reader.to) return undefined;
    if (!bearsPart2(typeOf(ref), text)) return undefined;
    const resource = parseStored(text);
    return findFor({
      ref,
      from: custodian,
      facts: factsOf(resource),
      patients: compartmentPatientsIn(ref, resource),
    });
  };
}

/** What is told: content of Part 2. */
interface ToldPart2 {
  readonly ref: Ref;
  readonly from: Ref;
  readonly facts: Pick<ContentFacts, 'labels' | 'counseling'>;
  readonly patients: readonly Ref[];
}

function createFinder(now: Snapshot, reader: NoticeReader): (told: ToldPart2) => Promise<Notice | 'none'> {
  const partiesOf = remembering((from: Ref) => readParties(now, from, reader));
  const permitsOf = remembering((key: string) => {
    const [patient, from] = key.split(' ') as [Ref, Ref]; // made below
    return readPermits(now, patient, from);
  });
  const explain = remembering((source: Ref) => explainConsent(now, source, reader));
  return async ({ ref, from, facts: { labels, counseling }, patients }) => {
    const { recipientKinds, sameEntity } = await partiesOf(from);
    const { to, purpose, at } = reader;
    const permits: Permit[] = [];
    for (const patient of patients) permits.push(...(await permitsOf(`${patient} ${from}`)));
    const releasing = permits.filter((one) => releases(one, counseling ? 'counseling' : 'part2'));
    const permit = decidingPermit(
      releasing,
      { ref, type: typeOf(ref), from, to, recipientKinds, labels, purpose },
      at,
    );
    const isConsented = permit !== undefined;
    if (!owesNotice({ sameEntity, recipientKinds, purpose, isConsented })) return 'none';
    const refrains = mustRefrain(recipientKinds, permit?.kind);
    return { ...(permit === undefined ? BARE_NOTICE : await explain(permit.source)), refrains };
  };
}

/**
 * The notice of an entry whose content is of Part 2, whatever of it bears the label. What its receiver keeps itself was
 * moved by the other party of the referral, which tells of it.
 */
export function createNoticeOfEntry({
  clock,
  partyKindDefault,
  present,
}: Pick<NoticeReader, 'partyKindDefault' | 'present'> & { readonly clock: Clock }) {
  return async (entry: ClaimedEntry, now: Snapshot, asOf: Snapshot): Promise<NoticeToShow | undefined> => {
    const { subject, orderingKey, sight } = entry;
    if (sight.everything) return 'none';
    const to = sight.organization;
    const version = await asOf.read(subject, EVERYTHING);
    const resource = resourceOf(version);
    const from = await tellerOf(version, resourceOf(await asOf.read(orderingKey, EVERYTHING)), to, now);
    if (resource === undefined || from === undefined) return 'none';
    const reader = { to, purpose: REFERRAL_PURPOSE, sight, at: clock.now(), partyKindDefault, present };
    const { labels, counseling } = factsOf(resource);
    const notice = await createFinder(
      now,
      reader,
    )({
      ref: subject,
      from,
      facts: { labels: new Set([...labels, '42CFRPart2']), counseling },
      patients: compartmentPatientsIn(subject, resource),
    });
    return placed(notice, 'inside');
  };
}

/** Who tells: the keeper, or the party of the referral that is not told. */
async function tellerOf(
  version: Version | undefined,
  task: Resource | undefined,
  to: Ref,
  now: Snapshot,
): Promise<Ref | undefined> {
  const keeper = version?.custodian ?? '';
  if (keeper !== '' && keeper !== to) return keeper;
  for (const element of ['owner', 'requester']) {
    const party = await addressedParty(task?.[element] as Reference | undefined, partyWorldOf(now));
    if (party !== undefined && party !== to) return party;
  }
  return undefined;
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
  const world = partyWorldOf(now);
  const actors = await findActors(
    consents.map(({ consent }) => consent),
    world,
  );
  return permitsAmong(consents, actors, world);
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
    source,
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
