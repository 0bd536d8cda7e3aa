/**
 * Asks the policies before a write would tell another organization something: a referral that is sent, a move, a message
 * (compliance L2(2), (3)). What its writer names is asked for, each resource by itself, and the write is refused as a whole
 * with what is missing (harmony Z11). The basis that the policies find is written into an order that claims none.
 */
import { OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { messageShape } from '../../messaging/shape.ts';
import { isUnsent } from '../../messaging/statuses.ts';
import { isSameReference } from '../../referral/fields.ts';
import { buildDisclosures, readWhat, type Disclosing } from '../../delivery/disclosure.ts';
import { ADMITTED_BEFORE, type Claimant } from '../../delivery/evidence.ts';
import { mayPassClosed } from '../../messaging/closed.ts';
import { decideContent } from '../../messaging/content.ts';
import { BASES, type Basis } from '../../policies/basis.ts';
import { factsOf } from '../../policies/facts.ts';
import { guardMarksOf, NO_LOCAL_PATIENT, readMarks, sourcesOf } from '../../policies/guards/marks.ts';
import { decide, type Decision, type Disclosure } from '../../policies/index.ts';
import { permitsRelied } from '../../policies/relied.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { readPartyName } from '../../resources/parties/party-names.ts';
import { claimedBasis, notOfferedIn, withFoundBasis } from '../../resources/referral-rules/basis.ts';
import { focusOf } from '../../resources/referral-rules/consequences.ts';
import type { Move } from '../../resources/rules.ts';
import { ROWS } from '../../referral/extensions.ts';
import { note } from '../../referral/ruling.ts';
import { runningGrants } from '../emergency/grants.ts';
import { noteAgreement } from '../messages/agreement-at-send.ts';
import { checkMessageNeeded } from '../minimum/message.ts';
import { fileConsents, noteDeciding } from './consents-on-file.ts';
import type { Draft, Planned } from './draft.ts';
import { sourceOf } from './disclosure-source.ts';
import { partyOf } from './rule-context.ts';
import { keeperOf, readLabels, readPreview } from './preview.ts';
import { patientsOfCompartments } from '../values.ts';
import { issuesOfRefusal } from './refused-disclosure.ts';
import { addDerivedWrite } from './rule.ts';
import { untoldBy } from './untold.ts';
import { refusalOfFault } from '../search/search-refusal.ts';

/** Something that the draft is about to tell. */
interface Telling {
  readonly ref: Ref;
  readonly content: Resource;
  readonly from: Ref;
  readonly to: Ref;
  /** The order of the referral, and whether its claim is that of `from`. */
  readonly order: Resource | undefined;
  readonly orderRef: Ref | undefined;
  /** The referral is sent by this: what its order names is told as well. */
  readonly sends: boolean;
  /** It was sent before, so that its claim was asked about then. */
  readonly isSent: boolean;
  readonly place: string;
  /** A message that is known to hold no health information. */
  readonly isOpen: boolean;
}

/** @throws OperationOutcomeError what the policies refuse */
export async function checkDisclosures(draft: Draft): Promise<void> {
  // What came with its notice, or from somebody who is no member, was disclosed before it came (compliance P5).
  if (draft.importing || draft.isNoticed || draft.caller.speaker !== undefined) return;
  for (const move of draft.moves) {
    const telling = await tellingOfMove(draft, move);
    if (telling !== undefined) await checkTelling(draft, telling);
  }
  const written = Array.from(draft.planned.values()); // a basis that is written plans more
  for (const planned of written)
    for (const telling of await tellingsOfMessage(draft, planned)) {
      await checkTelling(draft, telling);
      await checkMessageNeeded(draft, telling);
      draft.told.set(telling.ref, new Set([...(draft.told.get(telling.ref) ?? []), telling.to]));
    }
}

const [SENT] = ROWS;
const DECLINED = '03';

/** What a move tells the other party; undefined where there is no other, or an administrator moves for both. */
async function tellingOfMove(draft: Draft, move: Move): Promise<Telling | undefined> {
  const { task, initiator, recipient, by } = move;
  const [from, to] = by === 'referralRecipient' ? [recipient, initiator] : [initiator, recipient];
  // To decline an order that was just received says nothing of a patient of one's own (42 CFR 2.11; compliance P4).
  if (move.tid === DECLINED) return undefined;
  if (by === 'administrator' || from === undefined || to === undefined || from === to) return undefined;
  const content = await readPreview(draft, task);
  if (content === undefined) return undefined;
  const orderRef = focusOf(content);
  const order = orderRef === undefined ? undefined : await readPreview(draft, orderRef);
  const sends = move.tid === SENT?.tid;
  const isSent = move.from !== 'draft';
  return { ref: task, content, from, to, order, orderRef, sends, isSent, place: 'Task', isOpen: false };
}

/** What a Communication that its client writes tells each organization that it names as recipient. */
async function tellingsOfMessage(draft: Draft, planned: Planned): Promise<readonly Telling[]> {
  const { ref, origin, before, after } = planned;
  const from = draft.caller.organization;
  if (typeOf(ref) !== 'Communication' || after === undefined || from === undefined) return [];
  // What waited for its files is sent by the server, and asked for again.
  if (origin !== 'client' && before?.['status'] !== 'on-hold') return [];
  const tellings: Telling[] = [];
  for (const recipient of toldNow(planned.before, after.plain)) {
    const to = await partyOf(draft, recipient);
    if (to === undefined || to === from) continue;
    const about = await orderOf(draft, after.plain);
    const told = { ref, content: after.plain, from, to, ...about };
    const isOpen = await passesClosed(draft, after.plain);
    tellings.push({ ...told, sends: false, isSent: false, place: 'Communication', isOpen });
  }
  return tellings;
}

/** Whether a message holds nothing for which an agreement has to be in force (baa-messaging BA10, MS22). */
async function passesClosed(draft: Draft, message: Resource): Promise<boolean> {
  const read = async (named: unknown): Promise<Resource | undefined> => {
    const ref = localRef(named);
    return ref === undefined ? undefined : readPreview(draft, ref);
  };
  const thread = await read(valuesAt(message, 'partOf')[0]);
  const decided = (one: Resource, repliedTo: readonly Resource[] = []) =>
    decideContent(one, { among: 'organizations', thread, repliedTo }).decided;
  const replied = await Promise.all(valuesAt(message, 'inResponseTo').map(read));
  const repliedTo = replied.filter((one) => one !== undefined).filter((one) => decided(one) === 'phi');
  return mayPassClosed(message, decided(message, repliedTo));
}

/**
 * The recipients whom a version tells something: all of a plain Communication and of what is sent now, else those that are new.
 * That somebody has read a message tells nobody of its content.
 */
function toldNow(before: Resource | undefined, after: Resource): readonly unknown[] {
  const recipients = valuesAt(after, 'recipient');
  if (messageShape(after) === 'plain') return recipients;
  if (isUnsent(after)) return [];
  if (before === undefined || messageShape(before) === 'plain' || isUnsent(before)) return recipients;
  const told = valuesAt(before, 'recipient');
  return recipients.filter((one) => !told.some((other) => isSameReference(other, one)));
}

/** The order that a message is about, by its Task or by itself. */
async function orderOf(draft: Draft, message: Resource): Promise<Pick<Telling, 'order' | 'orderRef'>> {
  for (const named of [...valuesAt(message, 'basedOn'), ...valuesAt(message, 'about')]) {
    const ref = localRef(named);
    const resource = ref === undefined ? undefined : await readPreview(draft, ref);
    if (resource?.resourceType === 'ServiceRequest') return { order: resource, orderRef: ref };
    const focus = resource?.resourceType === 'Task' ? focusOf(resource) : undefined;
    if (focus !== undefined) return { order: await readPreview(draft, focus), orderRef: focus };
  }
  return { order: undefined, orderRef: undefined };
}

async function checkTelling(draft: Draft, telling: Telling): Promise<void> {
  const notOffered = telling.sends ? notOfferedIn(telling.order) : undefined;
  if (notOffered !== undefined) throw refusalOfOffer(notOffered);
  const disclosures = await disclosuresOf(draft, telling);
  const decisions = disclosures.map((disclosure) => ({ disclosure, decision: decide(disclosure) }));
  noteTold(draft, telling.to, decisions[0]);
  const refused = decisions.find(({ decision }) => !decision.permitted);
  if (refused !== undefined) throw await refusalOf(draft, telling, [{ ...refused, place: telling.place }]);
  const agreement = decisions[0]?.decision.agreement;
  if (telling.place === 'Communication') await noteAgreement(draft, telling.ref, agreement);
  if (agreement?.contract !== undefined) await noteDeciding(draft, telling.ref, [agreement.contract]);
  if (!telling.sends) return;
  const named = await checkNamed(draft, telling, disclosures);
  const relied = [...disclosures, ...named].flatMap(permitsRelied);
  if (telling.orderRef !== undefined && relied.length > 0)
    await fileConsents(draft, telling.orderRef, telling.to, relied);
  await writeBasis(draft, telling, decisions[0]?.decision.basis);
}

function noteTold(
  { policiesSaid }: Draft,
  to: Ref,
  asked: { readonly disclosure: Disclosure; readonly decision: Decision } | undefined,
): void {
  if (asked !== undefined)
    policiesSaid.push({ to, purpose: asked.disclosure.purpose, basis: asked.decision.basis });
}

const refusalOfOffer = (code: string): OperationOutcomeError =>
  new OperationOutcomeError('basis-not-offered', {
    diagnostics: `No referral is told on the basis ${code}`,
    expression: [PLACE],
  });

const PLACE = 'ServiceRequest.extension';

async function disclosuresOf(
  draft: Draft,
  telling: Telling,
  patients = patientsIn(telling),
): Promise<readonly Disclosure[]> {
  const { ref, content, from, to, order, orderRef, isSent, isOpen } = telling;
  const claims =
    orderRef !== undefined && ((await keeperOf(draft, orderRef)) ?? draft.caller.organization) === from;
  const told: Disclosing = {
    ref,
    content,
    from,
    to,
    patients,
    order: claims ? order : undefined,
    parties: true,
    isOpen,
    shared: telling.place === 'Task' || orderRef !== undefined,
    claimant: isSent ? ADMITTED_BEFORE : await claimantOf(draft, claims ? order : undefined),
  };
  const { settings } = draft.context;
  return buildDisclosures(sourceOf(draft), settings, told, Date.parse(draft.now)).catch(refuseUnasked);
}

/**
 * For `catch`: where the facts cannot be read the policies cannot be asked, and nothing is told (compliance L8). The client
 * tries again; the operator reads the cause.
 */
function refuseUnasked(fault: unknown): never {
  const refusal = refusalOfFault(fault);
  if (refusal instanceof OperationOutcomeError) throw refusal;
  throw Object.assign(new OperationOutcomeError('busy', { retryAfter: 1 }), { cause: fault });
}

/** Who claims a basis; of grants of emergency access those that run for the very patients (compliance B20). */
async function claimantOf({ snapshot, caller, now }: Draft, order: Resource | undefined): Promise<Claimant> {
  const grants =
    claimedBasis(order) === 'emergency' ? await runningGrants(snapshot, caller, Date.parse(now)) : [];
  return {
    administrator: caller.administrator,
    isEmergency: (about) => grants.some(({ patient }) => patient === about),
  };
}

const patientsIn = ({ content, order }: Telling): readonly Ref[] => [
  ...new Set([content, ...(order === undefined ? [] : [order])].flatMap(patientsOfCompartments)),
];

/** Elements by which an order names what goes with it. */
const NAMING = ['supportingInfo', 'reasonReference', 'insurance', 'specimen'] as const;

/** What an order names is told with it: each is asked for by itself, where the patient or a label says anything of it. */
async function checkNamed(
  draft: Draft,
  telling: Telling,
  disclosures: readonly Disclosure[],
): Promise<readonly Disclosure[]> {
  const isSaidMuch = disclosures.some(({ consents }) => consents.length > 0);
  const refused: RefusedTelling[] = [];
  const asked: Disclosure[] = [];
  for (const [ref, place] of namedIn(telling)) {
    const labels = await readLabels(draft, ref);
    const whole = typeOf(ref) === 'Bundle' ? await readPreview(draft, ref) : undefined; // what it holds counts
    if (labels.length === 0 && whole === undefined && !isSaidMuch) continue;
    if (((await keeperOf(draft, ref)) ?? telling.from) !== telling.from) continue;
    const labelled: Resource = whole ?? { resourceType: typeOf(ref), meta: { security: [...labels] } };
    const facts = factsOf(labelled);
    const sources = new Set(sourcesOf(labelled));
    const content = labels.length === 0 ? undefined : (whole ?? (await readPreview(draft, ref)));
    const asking = content === undefined ? disclosures : await askedFor(draft, telling, content, disclosures);
    for (const each of asking) {
      const what = await readWhat(sourceOf(draft), ref, each.consents);
      const disclosure = { ...each, what, facts, sources };
      const decision = decide(disclosure);
      asked.push(disclosure);
      if (!decision.permitted) refused.push({ disclosure, decision, place });
    }
  }
  if (refused.length > 0) throw await refusalOf(draft, telling, refused);
  return asked;
}

/** Labelled content is told by the word of those whom it is about itself; nobody permits what names nobody. */
async function askedFor(
  draft: Draft,
  telling: Telling,
  content: Resource,
  disclosures: readonly Disclosure[],
): Promise<readonly Disclosure[]> {
  const about = new Set([...patientsOfCompartments(content), ...readMarks(guardMarksOf(content)).patients]);
  const known = disclosures.filter(({ patient }) => patient !== undefined && about.has(patient));
  const others = [...about].filter((patient) => known.every((one) => one.patient !== patient));
  if (about.size > 0 && others.length === 0) return known;
  const local = others.filter((patient) => patient !== NO_LOCAL_PATIENT);
  return [
    ...known,
    ...(local.length === 0 ? [] : await disclosuresOf(draft, telling, local)),
    ...(local.length < others.length || about.size === 0 ? await disclosuresOf(draft, telling, []) : []),
  ];
}

function namedIn({ content, order, orderRef }: Telling): readonly (readonly [Ref, string])[] {
  const itself: readonly (readonly [Ref, string])[] =
    orderRef === undefined ? [] : [[orderRef, 'ServiceRequest']];
  const named = NAMING.flatMap((element) =>
    valuesAt(order, element).map(
      (value, at) => [localRef(value), `ServiceRequest.${element}[${at}]`] as const,
    ),
  );
  const inputs = valuesAt(content, 'input.valueReference').map(
    (value, at) => [localRef(value), `Task.input[${at}]`] as const,
  );
  return [
    ...itself,
    ...[...named, ...inputs].flatMap(([ref, place]) => (ref === undefined ? [] : [[ref, place] as const])),
  ];
}

interface RefusedTelling {
  readonly disclosure: Disclosure;
  readonly decision: Decision;
  readonly place: string;
}

/** Beyond this, one issue says as much. */
const REFUSED_TOLD_MAX = 20;

async function refusalOf(
  draft: Draft,
  telling: Telling,
  refused: readonly RefusedTelling[],
): Promise<OperationOutcomeError> {
  const { to } = telling;
  const nameOf = (party: Ref): Promise<string> => readPartyName(party, (ref) => readPreview(draft, ref));
  const about = {
    recipient: await nameOf(to),
    nameOf,
    caller: draft.caller.organization,
    byMessage: draft.byMessage,
    keeperOf: (ref: Ref) => keeperOf(draft, ref),
  };
  const issues: IssueDetail[] = [];
  for (const one of refused.slice(0, REFUSED_TOLD_MAX)) issues.push(...(await issuesOfRefusal(one, about)));
  const [first, ...rest] = issues;
  if (first === undefined) throw new Error('a refusal has an issue');
  const decisions = refused.map(({ decision }) => decision);
  const untold = await untoldBy(telling, decisions, (ref) => readPreview(draft, ref));
  return OperationOutcomeError.of([{ ...first, untold }, ...rest]);
}

/** Writes the basis that was found into an order that claims none, and says so (compliance D3). */
async function writeBasis(
  draft: Draft,
  { order, orderRef }: Telling,
  found: Basis | undefined,
): Promise<void> {
  if (orderRef === undefined || order === undefined || claimedBasis(order) !== undefined) return;
  const basis = found === undefined || found === 'own' ? 'treatment' : found;
  await addDerivedWrite(draft, { ref: orderRef, transform: withFoundBasis(basis) });
  const law = basis === 'treatment' ? '45 CFR 164.506(c)(2)' : `45 CFR ${BASES[basis].section}`;
  draft.notes.push(
    note('information', `The server wrote the basis of the disclosure: ${basis} (${law}).`, [PLACE]),
  );
}
