/**
 * Resolves the parties that a write addresses or names as its author (directory DR23 to DR29). A reference stays as the
 * client sent it. Beside it, in the same commit, the server notes the party that it stands for, and says so. When a
 * reference leads to nobody, the server holds the referral and asks a person; when an author's reference leads to
 * another organization, it refuses the write.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { isSameReference } from '../../referral/fields.ts';
import { ROWS } from '../../referral/extensions.ts';
import { readState } from '../../referral/state.ts';
import { localRef, mapValuesAt, typeOf, valuesAt } from '../../resources/element.ts';
import { isPlausible, judgeAddressee, type Judged } from '../../resources/parties/judge.ts';
import { standingOf } from '../../resources/parties/standing.ts';
import { frozenParty, RESOLVED_PARTY } from '../../resources/party.ts';
import { moveOf } from '../../resources/referral-rules/consequences.ts';
import { placesIn, replan, type Draft, type Planned } from './draft.ts';
import { actorOf } from '../request.ts';
import { hold, type DoubtKind } from './held.ts';
import { fitsField } from './party-fields.ts';
import { identityIn, privateByNumber } from './numbered.ts';
import { partyWorldIn } from './rule-context.ts';
import { readPreview } from './preview.ts';

/** `named`: the server notes the party where it is certain, and neither holds nor refuses the write. */
type Seat = 'author' | 'addressee' | 'named';

/** Elements that name a party, by type. */
const ELEMENTS: ReadonlyMap<string, readonly (readonly [element: string, seat: Seat])[]> = new Map([
  [
    'ServiceRequest',
    [
      ['requester', 'author'],
      ['performer', 'addressee'],
    ],
  ],
  [
    'Task',
    [
      ['requester', 'author'],
      ['owner', 'addressee'],
    ],
  ],
  ['Communication', [['recipient', 'named']]],
  [
    'MessageHeader',
    [
      ['sender', 'author'],
      ['destination.receiver', 'named'],
    ],
  ],
  ['Consent', [['provision*.actor.reference', 'named']]],
  [
    'Contract',
    [
      ['signer.party', 'named'],
      ['term.offer.party.reference', 'named'],
    ],
  ],
] as const);

/** Types that name a party. */
export const ADDRESSING: ReadonlySet<string> = new Set(ELEMENTS.keys());

/** Resolves the parties of everything in the draft that names some: first in orders, then in the Tasks about them. */
export async function resolveAddressees(draft: Draft): Promise<void> {
  const naming = [...draft.planned.values()].filter(
    ({ ref, origin, after }) => origin === 'client' && after !== undefined && ELEMENTS.has(typeOf(ref)),
  );
  for (const type of ELEMENTS.keys())
    for (const planned of naming) if (typeOf(planned.ref) === type) await resolveElements(draft, planned);
}

async function resolveElements(draft: Draft, planned: Planned): Promise<void> {
  const { ref, before, after } = planned;
  for (const [element, seat] of ELEMENTS.get(typeOf(ref)) ?? []) {
    const found: (Ref | undefined)[] = [];
    const values = valuesAt(after?.plain, element);
    for (const value of values) {
      const old = valuesAt(before, element).find((one) => isSameReference(one, value));
      found.push(await resolveOne({ draft, planned, element, seat, value, old }));
    }
    if (
      found.some((party) => party !== undefined) ||
      values.some((value) => frozenParty(value) !== undefined)
    )
      replan(draft, ref, (tree) => withParties(tree, element, found));
  }
}

interface AddresseeReference {
  readonly draft: Draft;
  readonly planned: Planned;
  readonly element: string;
  readonly seat: Seat;
  /** The Reference. */
  readonly value: unknown;
  /** The same reference in the version before. */
  readonly old: unknown;
}

/**
 * The party that the server notes beside the reference; undefined when the reference is to the party itself, or leads
 * nowhere.
 */
async function resolveOne(asked: AddresseeReference): Promise<Ref | undefined> {
  const { draft, seat, value, old } = asked;
  const known = frozenParty(old);
  const own = localRef(value);
  const waits = own === undefined && known !== undefined && (await isHeld(draft, known));
  if (known !== undefined && known !== own && !waits) return known;
  const { caller } = draft;
  const judged = await judgeAddressee(
    value,
    partyWorldIn(draft),
    seat === 'author' ? actorOf(caller) : undefined,
  );
  if (old !== undefined) return renew(asked, judged);
  if (seat === 'named') return nameParty(asked, judged);
  return seat === 'author' ? resolveAuthor(asked, judged) : resolveAddressee(asked, judged);
}

/** A held referral goes on when its party has become known. The server resolves no other stored reference again. */
async function renew(
  { draft, planned, seat, old }: AddresseeReference,
  judged: Judged,
): Promise<Ref | undefined> {
  if (judged.kind !== 'recognised') return frozenParty(old);
  if ((await doubtOf(draft, planned, judged)) !== undefined) return frozenParty(old);
  const { ref, after } = planned;
  const [row] = ROWS;
  const sent = after !== undefined && typeOf(ref) === 'Task' && readState(after.plain) === 'received';
  if (seat === 'addressee' && sent && row !== undefined) {
    draft.moves.push(moveOf(ref, row, { initiator: actorOf(draft.caller), recipient: judged.party }));
  }
  tellResolved(draft, planned, judged);
  return judged.party;
}

function nameParty({ draft, planned, element }: AddresseeReference, judged: Judged): Ref | undefined {
  if (judged.kind !== 'recognised' || !isPlausible(judged)) return undefined;
  tellResolved(draft, planned, judged, element);
  return judged.party;
}

function resolveAuthor(asked: AddresseeReference, judged: Judged): Ref | undefined {
  const { draft, planned, element } = asked;
  const { caller } = draft;
  const actor = actorOf(caller);
  if (caller.administrator) return judged.kind === 'recognised' ? judged.party : undefined;
  if (judged.kind === 'recognised') {
    if (judged.party !== actor) throw mismatch(asked);
    tellResolved(draft, planned, judged, element);
    return judged.party;
  }
  if (judged.kind !== 'unknown' || actor === undefined || judged.organization === actor) return undefined;
  const aliases = new Set([...draft.aliases, judged.organization]);
  if (aliases.size > 1) throw mismatch(asked);
  draft.aliases.add(judged.organization);
  draft.notes.push({
    code: 'party-resolved',
    severity: 'warning',
    diagnostics: `${judged.organization} has no verified identifier; the server takes it, as the only requester, for your own organization.`,
    expression: placesIn(planned, [placeOf(planned, element)]),
  });
  return actor;
}

const mismatch = ({ planned, element }: AddresseeReference): OperationOutcomeError =>
  new OperationOutcomeError('sender-mismatch', {
    diagnostics: `${placeOf(planned, element)} stands for an organization other than yours.`,
    expression: placesIn(planned, [placeOf(planned, element)]),
  });

const placeOf = ({ ref }: Planned, element: string): string =>
  `${typeOf(ref)}.${element.replaceAll('*', '')}`;

const REFUSED = {
  ambiguous: 'party-ambiguous',
  inactive: 'party-inactive',
  far: 'party-unresolved',
} as const;

async function resolveAddressee(asked: AddresseeReference, judged: Judged): Promise<Ref | undefined> {
  const { draft, planned, element } = asked;
  const expression = placesIn(planned, [placeOf(planned, element)]);
  switch (judged.kind) {
    case 'ambiguous':
    case 'inactive':
    case 'far':
      throw new OperationOutcomeError(REFUSED[judged.kind], { diagnostics: judged.says, expression });
    case 'unknown':
      await hold(draft, planned, { kind: 'party-unresolved', organization: judged.organization, expression });
      return undefined;
    case 'recognised':
      return resolveRecognised(asked, judged, expression);
    default:
      return resolveNumber(asked, expression);
  }
}

type Recognised = Extract<Judged, { readonly kind: 'recognised' }>;

/**
 * The doubt about a party that a number led to: the number counts only when the name, and the fields of the order, fit
 * the party (directory DR25).
 */
async function doubtOf(draft: Draft, planned: Planned, judged: Recognised): Promise<DoubtKind | undefined> {
  if (!isPlausible(judged)) return 'name';
  if (judged.names === undefined || (await fitsField(draft, planned, judged.party))) return undefined;
  return 'field';
}

async function resolveRecognised(
  { draft, planned, element }: AddresseeReference,
  judged: Recognised,
  expression: readonly string[],
): Promise<Ref> {
  const { party, organization } = judged;
  const doubt = await doubtOf(draft, planned, judged);
  if (doubt !== undefined) {
    await hold(draft, planned, { kind: 'party-check', doubt, organization, expression });
    return organization;
  }
  tellResolved(draft, planned, judged, element);
  return party;
}

/** A number that nobody here holds: the server holds the referral, like one to a private record. */
async function resolveNumber(
  asked: AddresseeReference,
  expression: readonly string[],
): Promise<Ref | undefined> {
  const { draft, planned, value } = asked;
  const { caller } = draft;
  const identity = caller.organization === undefined ? undefined : identityIn(draft, value);
  if (identity === undefined) return undefined;
  const organization = await privateByNumber(draft, value, identity);
  // The keeper of the private record may have noted whom it stands for.
  const judged = await judgeAddressee({ reference: organization }, partyWorldIn(draft), undefined);
  if (judged.kind === 'recognised') return resolveAddressee(asked, judged);
  await hold(draft, planned, { kind: 'party-unresolved', organization, expression });
  return organization;
}

/** Whether the note beside a number is a private record; an administrator may have verified the number since. */
async function isHeld(draft: Draft, noted: Ref): Promise<boolean> {
  const organization = await readPreview(draft, noted);
  return organization !== undefined && standingOf(organization) === 'private';
}

function tellResolved(draft: Draft, planned: Planned, { says, warns }: Recognised, element?: string): void {
  draft.notes.push({
    code: 'party-resolved',
    severity: warns === true ? 'warning' : 'information',
    diagnostics: says,
    ...(element !== undefined && { expression: placesIn(planned, [placeOf(planned, element)]) }),
  });
}

/** The references of an element with the server's notes, and without a client's. */
function withParties(tree: Resource, element: string, found: readonly (Ref | undefined)[]): Resource {
  const parties = found.values();
  return mapValuesAt(tree, element, (value) => withParty(value, parties.next().value));
}

function withParty(reference: unknown, party: Ref | undefined): unknown {
  const { extension = [], ...rest } = reference as {
    readonly extension?: readonly { readonly url?: string }[];
  }; // validated
  const others = extension.filter(({ url }) => url !== RESOLVED_PARTY);
  const noted =
    party === undefined ? others : [...others, { url: RESOLVED_PARTY, valueReference: { reference: party } }];
  return { ...rest, ...(noted.length > 0 && { extension: noted }) };
}
