/** Membership (directory DR2): an organization has an account here when an administrator says so, and by nothing else. */
import { OperationOutcomeError } from '../fhir/issue.ts';
import { parseJson } from '../fhir/json.ts';
import { mapBody } from '../fhir/body.ts';
import type { Ref } from '../fhir/types.ts';
import type { AuditEntry, Snapshot, Version } from '../ports/store.ts';
import { typeOf } from '../resources/element.ts';
import { standingOf, withStanding, writeMember } from '../resources/parties/standing.ts';
import { EVERYTHING } from './draft.ts';
import { buildWrite, offer, type Offer } from './offer.ts';
import type { Room } from './room.ts';

/** Who admits: the agent of the audit row. */
export interface Admitting {
  readonly agent: AuditEntry['agent'];
  readonly requestId: string;
}

/** The commit that makes a listed Organization a member; undefined when it is one. */
export function planAdmission(
  { ref, text = '', seq, custodian }: Version,
  { agent, requestId }: Admitting,
  now: string,
): Offer | undefined {
  const body = parseJson(text);
  const standing = standingOf(body.plain);
  if (standing === 'member') return undefined;
  if (standing === 'private') {
    throw new OperationOutcomeError('party-protected', {
      diagnostics: `${ref} is what another organization says about somebody: list the organization itself first.`,
    });
  }
  const after = mapBody(body, (tree) => withStanding(tree, 'member'));
  const write = buildWrite({
    ref,
    method: 'PUT',
    base: seq,
    before: body.plain,
    after,
    custodian,
    byRule: true,
    parties: [],
  });
  const audit: AuditEntry = {
    event: 'admin',
    action: 'U',
    outcome: '0',
    agent,
    requestId,
    entities: [`${ref}/_history/0`],
    patients: [],
    query: 'member add',
    viewers: [ref],
  };
  const commit = {
    writes: [write],
    keeps: [],
    expects: [],
    audit: [audit],
    outbox: [],
    settles: [],
    records: [writeMember(ref, { by: `${agent.client} ${agent.subject}`, at: now })],
  };
  return { commit, templates: new Map(write.text === undefined ? [] : [[ref, write.text]]) };
}

/** @throws OperationOutcomeError `not-found`, or `party-protected` for a private Organization */
export async function admitMember(
  room: Pick<Room, 'store' | 'clock' | 'committed'>,
  organization: Ref,
  admitting: Admitting,
): Promise<'admitted' | 'was-member'> {
  const now = new Date(room.clock.now()).toISOString();
  const before = await readOrganization(room.store.snapshot(), organization);
  if (planAdmission(before, admitting, now) === undefined) return 'was-member';
  await offer(room, async (snapshot) => {
    const planned = planAdmission(await readOrganization(snapshot, organization), admitting, now);
    if (planned === undefined) throw new OperationOutcomeError('write-conflict', { retryAfter: 1 });
    return planned;
  });
  room.committed([organization]);
  return 'admitted';
}

async function readOrganization(snapshot: Snapshot, ref: Ref): Promise<Version> {
  const version = typeOf(ref) === 'Organization' ? await snapshot.read(ref, EVERYTHING) : undefined;
  if (version?.text === undefined) {
    throw new OperationOutcomeError('not-found', { diagnostics: `${ref} is no Organization of this server` });
  }
  return version;
}
