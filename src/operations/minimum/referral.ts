/**
 * What a referral tells a recipient to whom minimum necessary applies (compliance M1 to M5): what its sender named must be
 * what the row lets go, or nothing is sent; what the server finds behind it is trimmed, and written down for the sender
 * (harmony Z11).
 */
import { OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import { readKinds } from '../../delivery/party-facts.ts';
import type { Coding, Ref, Resource } from '../../fhir/types.ts';
import { BASES, type Basis } from '../../policies/basis.ts';
import { minimumFor } from '../../policies/payload/minimum.ts';
import { payloadNamed, payloadTypes, payloadsFor } from '../../policies/payload/index.ts';
import { trim, type LeftResource } from '../../policies/payload/trim.ts';
import { EVERYTHING } from '../../ports/query.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { isDirectory, RESOURCE_TYPES } from '../../resources/index.ts';
import { reachOf } from '../../resources/reach.ts';
import { claimedBasis, DISCLOSURE_BASIS } from '../../resources/referral-rules/basis.ts';
import { focusOf } from '../../resources/referral-rules/consequences.ts';
import type { Move } from '../../resources/rules.ts';
import type { Event } from '../../referral/transitions.ts';
import type { Draft } from '../write/draft.ts';
import { readPreview } from '../write/preview.ts';
import { recordPackage } from './record.ts';

const SENT = 'send-referral-package' satisfies Event;

/** Resources of one package that are looked at. */
const CANDIDATES_MAX = 2000;

/** @throws OperationOutcomeError `minimum-necessary` */
export async function assemblePackages(draft: Draft): Promise<void> {
  if (draft.importing) return;
  for (const move of draft.moves) if (move.event === SENT) await assemblePackage(draft, move);
}

/** A referral that is sent: its Task and order, and who tells whom. */
interface SentReferral {
  readonly task: Ref;
  readonly focus: Ref;
  readonly order: Resource;
  readonly initiator: Ref;
  readonly recipient: Ref;
}

async function assemblePackage(draft: Draft, { task, initiator, recipient }: Move): Promise<void> {
  if (initiator === undefined || recipient === undefined || initiator === recipient) return;
  const focus = focusOf((await readPreview(draft, task)) ?? { resourceType: 'Task' });
  const order = focus === undefined ? undefined : await readPreview(draft, focus);
  if (focus === undefined || order === undefined) return;
  const sent = { task, focus, order, initiator, recipient };
  const { payload } = await draft.context.payloads.of(recipient);
  if (payload !== undefined) return assembleBy(draft, sent, payload);
  const basis = claimedBasis(order);
  const isLimited = basis !== undefined && minimumFor(basis) === 'applies' && !draft.byMessage;
  if (isLimited && justificationOf(order) === undefined) await assembleByService(draft, sent, basis);
}

/** By the row of what the recipient is: its sight is limited to the row as well. */
async function assembleBy(draft: Draft, sent: SentReferral, payload: string): Promise<void> {
  const { task, focus, initiator, recipient } = sent;
  // A message is never refused: all of it counts as what the server found.
  if (!draft.byMessage) await checkNamed(draft, [focus, task], payload);
  const candidates = await candidatesOf(draft, [task, focus], initiator);
  const { kept, left } = trim(candidates, [payloadNamed(payload)]);
  const list = record(draft, sent, kept, left);
  if (list !== undefined) draft.notes.push(leftOut(recipient, left.length, list));
}

const isOutside = ({ ref }: LeftResource): boolean => !isDirectory(typeOf(ref));

/**
 * By the rows of the services that the request document asks for. The recipient reads whatever the referral reaches, so all
 * of that must be within the rows. Without a row it is a whole record, and somebody must say why that is needed (45 CFR
 * 164.514(d)(5)).
 *
 * @throws OperationOutcomeError `minimum-necessary`
 */
async function assembleByService(draft: Draft, sent: SentReferral, basis: Basis): Promise<void> {
  const { task, focus, initiator, recipient } = sent;
  const candidates = await candidatesOf(draft, [task, focus], initiator);
  const documents = candidates.filter(({ resourceType }) => resourceType === 'Bundle');
  const within = documents.flatMap((one) => valuesAt(one, 'entry.resource') as readonly Resource[]);
  const recipientKinds = await readKinds(
    draft.snapshot,
    recipient,
    initiator,
    draft.context.settings.partyKindDefault,
  );
  const { purpose } = BASES[basis];
  const rows = payloadsFor({ recipientKinds, purpose, sections: sectionsIn(within) });
  const { kept, left } = trim([...candidates, ...within], rows);
  if (rows.length === 0 || left.some(isOutside)) throw wholeRecord(basis, rows.length > 0);
  const stored = new Set(candidates.map(refTo));
  record(
    draft,
    sent,
    kept.filter((one) => stored.has(refTo(one))),
    [],
  );
}

/** Codes of the sections of request documents. */
const sectionsIn = (resources: readonly Resource[]): ReadonlySet<string> =>
  new Set(
    resources
      .flatMap((one) => valuesAt(one, 'section*.code.coding') as readonly Coding[])
      .flatMap(({ system, code }) => (system === BSER && code !== undefined ? [code] : [])),
  );

const BSER = 'http://hl7.org/fhir/us/bser/CodeSystem/bser';

const record = (
  draft: Draft,
  { task, order, initiator, recipient }: SentReferral,
  kept: readonly Resource[],
  left: readonly LeftResource[],
): Ref | undefined =>
  recordPackage(draft, {
    name: `${draft.context.settings.publicBase}/${task}`,
    discloser: initiator,
    recipient,
    patient: localRef(order['subject']),
    basis: claimedBasis(order) ?? 'treatment-own',
    kept: kept.map(refTo),
    left,
    consents: kept.filter(({ resourceType }) => resourceType === 'Consent').map(refTo),
  });

const refTo = ({ resourceType, id = '' }: Resource): Ref => `${resourceType}/${id}`;

const leftOut = (recipient: Ref, count: number, list: Ref): IssueDetail => ({
  code: 'left-out',
  severity: 'information',
  diagnostics: `${recipient} is told what a community organization needs; ${list} names ${count} resources that stay`,
});

const wholeRecord = (basis: Basis, hasRow: boolean): OperationOutcomeError =>
  new OperationOutcomeError('minimum-necessary', {
    diagnostics: hasRow
      ? `The referral names more than its services need on the basis ${basis}: leave it out, or say in the justification of the basis why all of it is needed.`
      : `Nothing says what a disclosure on the basis ${basis} needs: say in its justification why all that the order names is needed.`,
    expression: ['ServiceRequest.extension'],
  });

/** Why the whole is needed, in the claim of the order (compliance D3). */
function justificationOf(order: Resource): string | undefined {
  const claims = valuesAt(order, 'extension') as readonly Part[]; // validated structure
  const parts = claims.find(({ url }) => url === DISCLOSURE_BASIS)?.extension ?? [];
  return parts.find(({ url }) => url === 'justification')?.valueString;
}

interface Part {
  readonly url?: string;
  readonly valueString?: string;
  readonly extension?: readonly Part[];
}

/** What the sender named, and the row does not let go. @throws OperationOutcomeError `minimum-necessary` */
async function checkNamed(draft: Draft, named: readonly Ref[], payload: string): Promise<void> {
  const issues: IssueDetail[] = [];
  for (const ref of named) {
    const resource = await readPreview(draft, ref);
    const { carries = [] } = RESOURCE_TYPES.get(typeOf(ref)) ?? {};
    for (const path of carries) {
      if (valuesAt(resource, path).some((value) => isBeyond(localRef(value), payload)))
        issues.push(beyond(`${typeOf(ref)}.${path}`));
    }
  }
  const [first, ...others] = issues;
  if (first !== undefined) throw OperationOutcomeError.of([first, ...others]);
}

const beyond = (expression: string): IssueDetail => ({
  code: 'minimum-necessary',
  severity: 'error',
  diagnostics: `${expression} names more than a community organization may be told: leave it out.`,
  expression: [expression],
});

function isBeyond(ref: Ref | undefined, payload: string): boolean {
  return (
    ref !== undefined && !isDirectory(typeOf(ref)) && !payloadTypes(payload, 'referral').includes(typeOf(ref))
  );
}

/** What a referral reaches of what its sender keeps, as it will be: by what each resource carries, and what is about it. */
async function candidatesOf(draft: Draft, roots: readonly Ref[], keeper: Ref): Promise<readonly Resource[]> {
  const about = [...draft.planned.values()].filter(({ ref, after }) =>
    reachIn(ref, after?.plain).inward.some((one) => roots.includes(one)),
  );
  const found = new Set<Ref>([...roots, ...about.map(({ ref }) => ref)]);
  const candidates: Resource[] = [];
  // A Set is iterated in the order of insertion, what is added meanwhile included.
  for (const ref of found) {
    if (found.size > CANDIDATES_MAX)
      throw new OperationOutcomeError('referral-rule', { diagnostics: TOO_LARGE });
    const resource = await readPreview(draft, ref);
    if (resource === undefined || isDirectory(typeOf(ref))) continue;
    for (const next of reachIn(ref, resource).outward) found.add(next);
    if (roots.includes(ref) || (await keeperOf(draft, ref)) === keeper)
      candidates.push({ ...resource, id: idIn(ref) });
  }
  return candidates;
}

const TOO_LARGE = 'the referral reaches more resources than the server allows';

const idIn = (ref: Ref): string => ref.slice(typeOf(ref).length + 1);

const reachIn = (ref: Ref, resource: Resource | undefined) =>
  reachOf(RESOURCE_TYPES.get(typeOf(ref)) ?? { type: typeOf(ref) }, resource, [], isDirectory);

/** A create of the client's gets its custodian in the commit: until then it is the writer's. */
async function keeperOf({ planned, snapshot, caller }: Draft, ref: Ref): Promise<Ref | ''> {
  const coming = planned.get(ref);
  const custodian = coming?.custodian ?? (await snapshot.read(ref, EVERYTHING))?.custodian ?? '';
  return custodian === '' ? (caller.organization ?? '') : custodian;
}
