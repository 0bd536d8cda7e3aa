/** Conditions that select resources for a write (http://hl7.org/fhir/R4/http.html#cond-update), in the caller's sight. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { parseQuery } from '../../fhir/query.ts';
import type { Ref } from '../../fhir/types.ts';
import type { Query } from '../../ports/query.ts';
import { localRef, typeOf } from '../../resources/element.ts';
import { SERVED_TYPES } from '../../resources/index.ts';
import { parseCondition } from '../../resources/search-query.ts';
import {
  identitiesIn,
  identityOf,
  identitySystemOf,
  type Identity,
} from '../../resources/parties/identity-systems.ts';
import { kindFor } from '../../resources/parties/register.ts';
import { PARTY_TYPES, standingOf } from '../../resources/parties/standing.ts';
import { isGuarded } from './party-guard.ts';
import { placesIn, type Draft } from './draft.ts';
import { plannedFor } from './planned-index.ts';
import { findPreview, keeperOf, readPreview } from './preview.ts';
import { sightForClause, sightToFind } from '../scope.ts';
import { checkHiddenCondition, shownCondition } from '../search/hidden.ts';
import { termsOf } from '../search/search-terms.ts';
import { partyOf, partyWorldIn } from './rule-context.ts';

/** At most two resources are looked for: one more than a condition may select. */
const FOUND_MAX = 2;

/** Matches that are counted to be told, or looked at to choose among. */
const COUNTED_MAX = 1000;

/** What a condition selects as things will be; the answer is expected to hold at the moment of commit. */
export async function findCondition(draft: Draft, type: string, queryText: string): Promise<readonly Ref[]> {
  const asked = await queryOf(draft, type, queryText);
  const isParty = PARTY_TYPES.has(type);
  const query = isParty ? { ...asked, count: COUNTED_MAX } : asked;
  const found = await findPreview(draft, query, plannedFor(draft, type, query.where));
  if (!isParty || found.length === 0) return found;
  const believed = await withoutClaims(draft, type, queryText, found);
  return believed.length > 1 ? narrow(draft, type, queryText, believed) : believed;
}

/**
 * What is found by a number that another organization wrote into its own record, and that nobody verified, is not whom the
 * number stands for (directory DR10): such a record is left out.
 */
async function withoutClaims(
  draft: Draft,
  type: string,
  queryText: string,
  found: readonly Ref[],
): Promise<readonly Ref[]> {
  if (draft.caller.administrator && draft.caller.organization === undefined) return found;
  const asked = new Set(
    parseQuery(queryText)
      .filter(([name]) => /(?:^|\.)identifier(?::|$)/.test(name))
      .flatMap(([, text]) => text.split(','))
      .map((text) => text.slice(text.lastIndexOf('|') + 1)),
  );
  if (asked.size === 0) return found;
  const believed: Ref[] = [];
  for (const ref of found) {
    const person =
      type === 'PractitionerRole' ? localRef((await readPreview(draft, ref))?.['practitioner']) : undefined;
    const claims = [ref, ...(person === undefined ? [] : [person])].map((one) =>
      isClaimed(draft, one, asked),
    );
    if (!(await Promise.all(claims)).includes(true)) believed.push(ref);
  }
  return believed;
}

/** Whether one of these numbers stands in a record that another organization keeps, and is not verified for it. */
async function isClaimed(draft: Draft, ref: Ref, asked: ReadonlySet<string>): Promise<boolean> {
  const keeper = await keeperOf(draft, ref);
  if (keeper === undefined || keeper === draft.caller.organization) return false;
  const party = await readPreview(draft, ref);
  const world = partyWorldIn(draft);
  for (const identity of identitiesIn(party?.['identifier'], ({ value }) => asked.has(value))) {
    if (!isGuarded(draft, identity)) continue;
    const row = await world.row(kindFor(typeOf(ref)), identity);
    const holder = row?.state === 'verified' ? row.holder : undefined;
    if (holder === undefined) return true;
    if (holder !== ref && (await partyOf(draft, { reference: ref })) !== holder) return true;
  }
  return false;
}

/**
 * Of several parties with one identifier: the one that it is verified for, else the only one of the directory, else the
 * caller's own (directory DR31). An EHR that once shipped a private copy of somebody is not stuck with it.
 */
async function narrow(
  draft: Draft,
  type: string,
  queryText: string,
  found: readonly Ref[],
): Promise<readonly Ref[]> {
  const identity = askedIdentity(queryText);
  if (identity === undefined) return found;
  const row = await partyWorldIn(draft).row(kindFor(type), identity);
  if (row?.state === 'verified' && found.includes(row.holder)) return [row.holder];
  const listed: Ref[] = [];
  for (const ref of found) {
    const party = await readPreview(draft, ref);
    if (party !== undefined && standingOf(party) !== 'private') listed.push(ref);
  }
  return listed.length > 0 ? listed : found;
}

/** `identifier=system|value` of an identity system, and nothing beside it. */
function askedIdentity(queryText: string): Identity | undefined {
  const [only, ...others] = parseQuery(queryText);
  if (only?.[0] !== 'identifier' || others.length > 0) return undefined;
  const [, text] = only;
  const at = text.indexOf('|');
  const identity = identityOf({ system: text.slice(0, at), value: text.slice(at + 1) });
  return identity && identitySystemOf(identity.system) && identity;
}

async function queryOf(draft: Draft, type: string, queryText: string): Promise<Query> {
  const sight = sightToFind(draft.caller, type, draft.sight);
  if (sight === undefined) {
    throw new OperationOutcomeError('scope-insufficient', { diagnostics: `needed: system/${type}.s` });
  }
  const { publicBase } = draft.context.settings;
  const terminology = await termsOf(parseQuery(queryText), {
    snapshot: () => draft.snapshot,
    caller: draft.caller,
    base: publicBase,
  });
  const asked = parseCondition(type, queryText, {
    base: publicBase,
    now: Date.parse(draft.now),
    types: SERVED_TYPES,
    terminology,
  });
  checkHiddenCondition(draft.caller, type, asked);
  const where = shownCondition(draft.caller, type, asked);
  return {
    type,
    where,
    sort: [],
    sight: sightForClause(draft.caller, where, sight),
    count: FOUND_MAX,
    offset: 0,
    total: false,
  };
}

/** The refusal of a condition that selects several, with how many there are. */
export async function ambiguous(
  draft: Draft,
  type: string,
  queryText: string,
  expression?: readonly string[],
): Promise<OperationOutcomeError> {
  const query = { ...(await queryOf(draft, type, queryText)), count: COUNTED_MAX + 1 };
  const { length } = await findPreview(draft, query);
  const said = length > COUNTED_MAX ? `more than ${COUNTED_MAX}` : String(length);
  return new OperationOutcomeError('condition-ambiguous', {
    diagnostics: `${said} resources of type ${type} match the condition`,
    expression,
  });
}

/**
 * The one resource that a condition selects to be written. "If any resource identities (including resolved identities
 * from conditional update/delete) overlap … then the transaction SHALL fail" (http://hl7.org/fhir/R4/http.html#trules).
 */
export async function selectToWrite(draft: Draft, type: string, queryText: string): Promise<Ref | undefined> {
  const ref = await selectOne(draft, type, queryText);
  const planned = ref === undefined ? undefined : draft.planned.get(ref);
  if (planned === undefined) return ref;
  throw new OperationOutcomeError('bundle-invalid', {
    diagnostics: 'the condition selects what another entry writes',
    expression: placesIn(planned),
  });
}

/** The one resource that a condition selects, or none; several are refused. */
export async function selectOne(draft: Draft, type: string, queryText: string): Promise<Ref | undefined> {
  const found = await findCondition(draft, type, queryText);
  if (found.length > 1) throw await ambiguous(draft, type, queryText);
  return found[0];
}
