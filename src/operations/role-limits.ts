/**
 * What the limits of roles leave of a type, as clauses beside those of narrowed scopes: every read, include, chain and write
 * goes by them (identity 4.1; harmony Z27).
 */
import type { Ref } from '../fhir/types.ts';
import { WORK_KINDS, type Limit } from '../identity/limits.ts';
import { CLINICIAN_LABELS, SEES_LABELLED } from '../identity/masking.ts';
import { groupOfType } from '../identity/resource-groups.ts';
import { rightOfRoles } from '../identity/role-permit.ts';
import { isIndividual, type Role } from '../identity/roles.ts';
import type { Clause, Narrowing } from '../ports/query.ts';
import { NOTHING } from '../resources/scope-query.ts';
import { STANDING_SYSTEM } from '../resources/parties/standing.ts';
import { MESSAGE_AUDIENCE, NAMED, NAMED_READER } from '../messaging/audience.ts';
import type { Purpose } from '../policies/purpose.ts';
import { RESOURCE_TYPES } from '../resources/index.ts';
import { searchParameters } from '../resources/search-parameters.ts';
import { WORK_ITEM_SYSTEM } from '../resources/work-item-code.ts';
import type { Right } from '../smart/scopes.ts';

/** Of a caller, what limits look at. */
interface Limited {
  readonly organization: Ref | undefined;
  readonly patient: Ref | undefined;
  readonly purposes: readonly Purpose[];
  readonly reason?: string | undefined;
  readonly roles: readonly Role[] | undefined;
  readonly user: string | undefined;
}

/** undefined: all of the type. */
type ClauseOfLimit = (type: string, caller: Limited) => Clause | undefined;

const token = (param: string, code: string): Clause => ({ kind: 'token', param, code });

/** A Task of a referral: its code is `fulfill`, or absent as in STU1. */
const REFERRAL: Clause = {
  kind: 'any',
  of: [{ kind: 'missing', param: 'code', missing: true }, token('code', 'fulfill')],
};

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
/** Application Activity, Security Alert, User Authentication. */
const SECURITY: Clause = {
  kind: 'codes',
  param: 'type',
  system: DCM,
  codes: ['110100', '110113', '110114'],
};

/** What concerns the person or everybody of the organization, by who owns, wrote or manages it. */
const OWNED_BY: Readonly<Record<string, string>> = {
  Task: 'owner',
  Basic: 'author',
  Linkage: 'author',
  Group: 'managing-entity',
};

const CATEGORIES: Readonly<Record<string, string>> = {
  Task: 'code',
  Basic: 'code',
  Communication: 'category',
  CommunicationRequest: 'category',
  Composition: 'category',
  DocumentReference: 'category',
};

const ofCategory =
  (code: string): ClauseOfLimit =>
  (type) =>
    CATEGORIES[type] === undefined ? NOTHING : token(CATEGORIES[type], code);

const workItems = (kinds: readonly string[]): Clause => ({
  kind: 'codes',
  param: 'code',
  system: WORK_ITEM_SYSTEM,
  codes: kinds,
});

const CLAUSES: Readonly<Record<Limit, ClauseOfLimit>> = {
  // Patients and proxies see their compartment alone, which their sight is already.
  own: (_type, { patient, roles }) =>
    isIndividual(roles) ? undefined : patient === undefined ? NOTHING : { kind: 'inside', patient },
  ownReports: (_type, { user }) =>
    user === undefined ? NOTHING : { kind: 'reference', param: 'subject', to: [user] },
  team: (type, { user, organization }) => ofTeam(OWNED_BY[type] ?? 'owner', [user, organization]),
  referral: () => REFERRAL,
  moves: () => REFERRAL,
  draft: () => token('status', 'draft'),
  private: () => ({ kind: 'token', param: '_tag', code: 'private', system: STANDING_SYSTEM }),
  scheduling: ofCategory('scheduling'),
  administrative: ofCategory('administrative'),
  complianceWork: (type) => (type === 'Task' ? workItems(WORK_KINDS.complianceWork) : NOTHING),
  administrationWork: (type) => (type === 'Task' ? workItems(WORK_KINDS.administrationWork) : undefined),
  work: () => ({ kind: 'not', clause: REFERRAL }),
  referrals: (type) => (type === 'AuditEvent' ? { kind: 'not', clause: SECURITY } : undefined),
  security: (type) => (type === 'AuditEvent' ? SECURITY : NOTHING),
  reason: (_type, { reason }) => (reason === undefined ? NOTHING : undefined),
  published: (type) => (searchParameters(type).has('status') ? token('status', 'active') : NOTHING),
};

/** Assigned to somebody of these, or to nobody yet. */
function ofTeam(param: string, who: readonly (string | undefined)[]): Clause {
  const to = who.filter((one) => one !== undefined);
  const mine: readonly Clause[] = to.length === 0 ? [] : [{ kind: 'reference', param, to }];
  return { kind: 'any', of: [{ kind: 'missing', param, missing: true }, ...mine] };
}

/** What is left of a type for a right; undefined: all of it. One of the limits is enough. */
export function roleNarrowingFor(caller: Limited, type: string, right: Right): Clause | undefined {
  return madeFor(caller, right)?.[type];
}

/** Every type that the roles leave in part; undefined where roles are not asked, or leave all that they give. */
export const roleNarrowing = (caller: Limited, right: Right): Narrowing | undefined => madeFor(caller, right);

/** By what the clauses are made of, so that the same people have the same clauses, and verdicts about them are remembered. */
const made = new Map<string, Narrowing>();
const MADE_MAX = 2000;

function madeFor(caller: Limited, right: Right): Narrowing | undefined {
  const { roles, user, organization, patient, reason } = caller;
  if (roles === undefined) return undefined;
  const key = JSON.stringify([
    roles,
    right,
    user,
    organization,
    patient,
    reason !== undefined,
    overseesMessages(caller),
  ]);
  const known = made.get(key);
  if (known !== undefined) return known;
  if (made.size >= MADE_MAX) made.clear();
  const narrowing = Object.fromEntries(
    [...RESOURCE_TYPES.keys()].flatMap((type) => {
      const clause = compute(caller, type, right);
      return clause === undefined ? [] : [[type, clause] as const];
    }),
  );
  made.set(key, narrowing);
  return narrowing;
}

function compute(caller: Limited, type: string, right: Right): Clause | undefined {
  const limited = computeLimits(caller, type, right);
  if (limited === NOTHING) return limited;
  const of = [
    ...(limited === undefined ? [] : [limited]),
    ...(right === 's' && isKeptFrom(caller, type) ? [UNLABELLED] : []),
    ...(type === 'Communication' && !overseesMessages(caller) ? [ownMessages(caller)] : []),
  ];
  return of.length < 2 ? of[0] : { kind: 'all', of };
}

/** Messages for named people are theirs, and nobody else's of the same organization (baa-messaging MS4). */
const ownMessages = ({ user }: Limited): Clause => {
  const others: Clause = {
    kind: 'not',
    clause: { kind: 'token', param: '_tag', code: NAMED, system: MESSAGE_AUDIENCE },
  };
  if (user === undefined) return others;
  return { kind: 'any', of: [others, { kind: 'token', param: '_tag', code: user, system: NAMED_READER }] };
};

/** A compliance officer who asks for the sake of compliance; the audit has the purpose. */
const overseesMessages = ({ roles = [], purposes }: Limited): boolean =>
  roles.includes('compliance') && purposes.includes('HCOMPL');

/** Searches of others find nothing that only clinicians are shown: a hit would tell what is masked (harmony Z5). */
const UNLABELLED: Clause = {
  kind: 'not',
  clause: { kind: 'any', of: [...CLINICIAN_LABELS].map((code) => token('_security', code)) },
};

/** Whether somebody of the organization is not shown what is labelled so. */
const isKeptFrom = ({ roles = [] }: Limited, type: string): boolean =>
  LABELLED_GROUPS.has(groupOfType(type) ?? '') && !roles.some((role) => SEES_LABELLED.has(role));

const LABELLED_GROUPS: ReadonlySet<string> = new Set(['REF', 'MSG', 'CLIN', 'DOC']);

function computeLimits(caller: Limited, type: string, right: Right): Clause | undefined {
  const { limits, roles } = rightOfRoles(caller.roles ?? [], right, type);
  const of: Clause[] = [];
  if (roles.length === 0) {
    // A type that a role reads and does not search may still be the focus of a compartment in a search.
    if (right === 's') return computeLimits(caller, type, 'r');
    // The check of roles has refused the write, or an operation makes it that a role may invoke.
    return right === 'r' ? NOTHING : undefined;
  }
  for (const limit of limits) {
    const clause = CLAUSES[limit](type, caller);
    if (clause === undefined) return undefined;
    of.push(clause);
  }
  const [only] = of;
  if (of.length === 0) return undefined;
  return of.length === 1 ? only : { kind: 'any', of };
}
