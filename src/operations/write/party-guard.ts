/**
 * Guards the elements of parties (directory DR11, DR15, DR20, DR21). An administrator's identifiers become verified
 * rows of the register in the same commit. An organization's own word about who it is changes nothing, so the server
 * refuses it.
 */
import { OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import type { Identifier, Ref, Resource } from '../../fhir/types.ts';
import { typeOf } from '../../resources/element.ts';
import { canonicalJson } from '../../resources/parties/canonical.ts';
import {
  identitiesIn,
  identityOf,
  identitySystemOf,
  isExample,
  isSound,
  type Identity,
} from '../../resources/parties/identity-systems.ts';
import { changedElement } from '../../resources/parties/protected.ts';
import {
  findRow,
  keyOf,
  kindFor,
  writeRow,
  type KnownRow,
  type RegisterRow,
} from '../../resources/parties/register.ts';
import { PARTY_TYPES, standingOf } from '../../resources/parties/standing.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';
import { openReferralBy } from './open-referrals.ts';
import { guardKinds } from './party-kinds.ts';

const IDENTIFIED: ReadonlySet<string> = new Set(['Organization', 'Practitioner']);

/** @throws OperationOutcomeError `identifier-protected`, `party-kind-protected`, `party-protected`, `identifier-check-digit`, `identifier-taken` */
export async function guardParties(draft: Draft): Promise<void> {
  const parties = [...draft.planned.values()].filter(
    ({ ref, origin }) => origin === 'client' && PARTY_TYPES.has(typeOf(ref)),
  );
  const identified = parties.filter(({ ref }) => IDENTIFIED.has(typeOf(ref)));
  if (draft.caller.administrator) {
    const listed = identified.filter((planned) => !isPrivate(planned));
    for (const planned of listed) await revoke(draft, planned);
    for (const planned of listed) await verify(draft, planned);
  } else {
    for (const planned of parties) guardKinds(draft, planned);
    for (const planned of parties) guardElements(planned);
    for (const planned of parties) await guardLeaving(draft, planned);
    for (const planned of identified) if (!isPrivate(planned)) await guardIdentifiers(draft, planned);
  }
  for (const planned of identified)
    if (isPrivate(planned) || !draft.caller.administrator) remarkUnsound(draft, planned);
}

const versionOf = ({ before, after }: Planned): Resource | undefined => after?.plain ?? before;

function isPrivate(planned: Planned): boolean {
  const version = versionOf(planned);
  return version !== undefined && standingOf(version) === 'private';
}

/** Refuses changes that only an administrator makes; unchanged elements pass. */
function guardElements(planned: Planned): void {
  const { ref, before, after } = planned;
  if (before === undefined || standingOf(before) === 'private') return;
  if (after === undefined) {
    if (!IDENTIFIED.has(typeOf(ref))) return;
    throw refusal(planned, 'party-protected', `Only an administrator deletes ${ref}.`, typeOf(ref));
  }
  const changed = changedElement(ref, before, after.plain);
  if (changed === undefined) return;
  throw refusal(planned, 'party-protected', `Only an administrator changes ${changed}.`, changed);
}

/** Refuses to deactivate an organization that has sent open referrals (directory DR6). */
async function guardLeaving(draft: Draft, planned: Planned): Promise<void> {
  const { ref, before, after } = planned;
  if (typeOf(ref) !== 'Organization' || before === undefined || standingOf(before) === 'private') return;
  if (before['active'] === false || after?.plain['active'] !== false) return;
  const open = await openReferralBy(draft, ref);
  if (open === undefined) return;
  throw refusal(
    planned,
    'referrals-open',
    `${open} is open, and its initiator is ${ref}.`,
    'Organization.active',
  );
}

function refusal(
  planned: Planned,
  code: IssueDetail['code'],
  diagnostics: string,
  place: string,
): OperationOutcomeError {
  return new OperationOutcomeError(code, { diagnostics, expression: placesIn(planned, [place]) });
}

/** An organization may write back the identifiers of identity systems that it read, in any order, and no others. */
async function guardIdentifiers(draft: Draft, planned: Planned): Promise<void> {
  const { ref, before, after } = planned;
  if (typeOf(ref) === 'Organization') {
    if (sameIdentities(draft, before, after?.plain)) return;
  } else if (!(await losesVerified(draft, ref, before, after?.plain))) return;
  throw refusal(
    planned,
    'identifier-protected',
    'Only an administrator adds or changes identifiers of this kind.',
    `${typeOf(ref)}.identifier`,
  );
}

function sameIdentities(draft: Draft, before: Resource | undefined, after: Resource | undefined): boolean {
  const guarded = (resource: Resource | undefined): string =>
    canonicalJson(
      ((resource?.['identifier'] ?? []) as readonly Identifier[]).filter((one) => {
        const identity = identityOf(one);
        return identity !== undefined && isGuarded(draft, identity);
      }),
    );
  return guarded(before) === guarded(after);
}

/** Whether a person loses a verified number. Other numbers in an EHR's record of a person are only claims. */
async function losesVerified(
  draft: Draft,
  ref: Ref,
  before: Resource | undefined,
  after: Resource | undefined,
) {
  for (const identity of missingFrom(draft, before, after)) {
    const row = await findRow(draft.snapshot, kindFor(typeOf(ref)), identity);
    if (row?.state === 'verified' && row.holder === ref) return true;
  }
  return false;
}

/** Whether an identifier says who somebody is: it is of a system of the table, or of one that the settings add. */
export const isGuarded = ({ context }: Draft, { system }: Identity): boolean =>
  identitySystemOf(system) !== undefined || context.settings.identitySystems.includes(system);

const guardedOf = (draft: Draft, resource: Resource | undefined): readonly Identity[] =>
  identitiesIn(resource?.['identifier'], (identity) => isGuarded(draft, identity));

/** The identities of one version that the other lacks. */
function missingFrom(
  draft: Draft,
  here: Resource | undefined,
  there: Resource | undefined,
): readonly Identity[] {
  const others = new Set(guardedOf(draft, there).map(keyOf));
  return guardedOf(draft, here).filter((identity) => !others.has(keyOf(identity)));
}

/** Revokes the identifiers that an administrator takes away from a party. */
async function revoke(draft: Draft, { ref, before, after }: Planned): Promise<void> {
  for (const identity of missingFrom(draft, before, after?.plain)) {
    const row = await findRow(draft.snapshot, kindFor(typeOf(ref)), identity);
    if (row?.holder === ref && row.state === 'verified')
      put(draft, ref, { ...plainOf(row), state: 'revoked' }, row);
  }
}

/** Verifies the identifiers that an administrator adds to a party. */
async function verify(draft: Draft, planned: Planned): Promise<void> {
  const { ref, before, after } = planned;
  for (const identity of missingFrom(draft, after?.plain, before)) {
    if (!isSound(identity) || (isExample(identity) && !draft.context.settings.exampleOids)) {
      throw refusal(planned, 'identifier-check-digit', unsound(identity), `${typeOf(ref)}.identifier`);
    }
    const kind = kindFor(typeOf(ref));
    const row = await findRow(draft.snapshot, kind, identity);
    const planOf = draft.records.find((one) => one.kind === kind && one.key === keyOf(identity));
    const holder = (planOf?.body as RegisterRow | undefined) ?? row;
    if (holder?.state === 'verified' && holder.holder !== ref) {
      throw refusal(
        planned,
        'identifier-taken',
        `The register has its ${nameOf(identity)} for ${holder.holder}.`,
        `${typeOf(ref)}.identifier`,
      );
    }
    put(draft, ref, { ...identity, holder: ref, state: 'verified', ...verifierOf(draft) }, row);
  }
}

const plainOf = ({ key: _key, version: _version, ...row }: KnownRow): RegisterRow => row;

const verifierOf = ({ caller, now }: Draft) => ({
  how: 'administrator',
  by: `${caller.client} ${caller.subject}`,
  at: now,
});

/** Plans one write per row: an identifier that moves from one party to another in the same commit is one change. */
function put(draft: Draft, ref: Ref, row: RegisterRow, before: KnownRow | undefined): void {
  const kind = kindFor(typeOf(ref));
  const write = writeRow(kind, row, before?.version ?? 'absent');
  const at = draft.records.findIndex((one) => one.kind === kind && one.key === write.key);
  if (at < 0) draft.records.push(write);
  else draft.records[at] = write;
}

const nameOf = ({ system }: Identity): string => identitySystemOf(system)?.name ?? 'identifier';

function unsound(identity: Identity): string {
  const form = isSound(identity)
    ? 'an OID outside the arc of examples'
    : identitySystemOf(identity.system)?.form;
  return `The ${nameOf(identity)} is not right: it must be ${form}.`;
}

/** Warns of a wrong number in an EHR's own record of somebody. The number refuses nothing, and leads nowhere. */
function remarkUnsound(draft: Draft, planned: Planned): void {
  const { ref, after } = planned;
  for (const identity of missingFrom(draft, after?.plain, planned.before)) {
    if (isSound(identity)) continue;
    draft.notes.push({
      code: 'identifier-check-digit',
      severity: 'warning',
      diagnostics: `${unsound(identity)} It names nobody.`,
      expression: placesIn(planned, [`${typeOf(ref)}.identifier`]),
    });
  }
}
