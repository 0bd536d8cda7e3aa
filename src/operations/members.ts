/** Membership (directory DR2): an organization has an account here when an administrator says so, and by nothing else. */
import { adminEntry } from '../ports/audit.ts';
import { auditedCommit } from '../ports/commit.ts';
import { EVERYTHING } from '../ports/query.ts';
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { AuditEntry, Commit, Leave, Snapshot, StampTemplate, Version } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { isReferralTask, isTerminal, readState } from '../referral/state.ts';
import { typeOf } from '../resources/element.ts';
import { standingOf, withStanding, writeMember } from '../resources/parties/standing.ts';
import { planStored } from './write/draft.ts';
import { buildWrite, commitPlanned, type PreparedCommit } from './write/commit.ts';
import { renewDenials } from './renew-denials.ts';
import type { OperationContext } from './context.ts';

/** Who admits: the agent of the audit row. */
export interface Admitting {
  readonly agent: AuditEntry['agent'];
  readonly requestId: string;
}

/** Ended referrals that one commit takes out of sight. */
const LEAVES_MAX = 500;
const PAGE = 200;

/** The commit that makes a listed Organization a member; undefined when it is one. */
function planAdmission(
  version: Version,
  admitting: Admitting,
  now: string,
  leaves: readonly Leave[] = [],
): PreparedCommit | undefined {
  const { ref } = version;
  const planned = planStored(version, (tree) => withStanding(tree, 'member'));
  const standing = planned.before && standingOf(planned.before);
  if (standing === 'member') return undefined;
  if (standing === 'private') {
    throw new OperationOutcomeError('party-protected', {
      diagnostics: `${ref} is a private record of another organization: create a listed Organization first.`,
    });
  }
  const write = buildWrite(planned);
  const { agent } = admitting;
  const commit: Commit = {
    ...emptyCommit(ref, admitting, `${ref}/_history/0`),
    writes: [write],
    ...(leaves.length > 0 && { leaves }),
    records: [writeMember(ref, { by: `${agent.client} ${agent.subject}`, at: now })],
  };
  return { commit, templates: new Map(write.text === undefined ? [] : [[ref, write.text]]) };
}

const emptyCommit = (ref: Ref, admitting: Admitting, entity: string): Commit =>
  auditedCommit([adminEntry(admitting, { entities: [entity], query: 'member add', viewers: [ref] })]);

/**
 * The ended referrals that a listed organization still reaches: a member is told of what runs, and no old chart is opened
 * by an admission (directory DR4).
 */
async function endedOf(
  snapshot: Snapshot,
  organization: Ref,
  done: ReadonlySet<Ref>,
): Promise<readonly Leave[]> {
  const leaves: Leave[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const { matches, more } = await snapshot.search({
      type: 'Task',
      where: { kind: 'all', of: [] },
      sort: [],
      sight: { everything: false, organization, denied: 'seen' },
      count: PAGE,
      offset,
      total: false,
    });
    for (const { ref, text, custodian } of matches) {
      if (done.has(ref) || custodian === organization || !hasEnded(parseStored(text))) continue;
      leaves.push({ root: ref, organization });
      if (leaves.length === LEAVES_MAX) return leaves;
    }
    if (!more) return leaves;
  }
}

function hasEnded(task: Resource): boolean {
  const state = isReferralTask(task) ? readState(task) : undefined;
  return state !== undefined && isTerminal(state);
}

/** @throws OperationOutcomeError `not-found`, or `party-protected` for a private Organization */
export async function admitMember(
  context: Pick<OperationContext, 'store' | 'clock' | 'committed'>,
  organization: Ref,
  admitting: Admitting,
): Promise<'admitted' | 'was-member'> {
  const now = new Date(context.clock.now()).toISOString();
  const before = await readStoredOrganization(context.store.snapshot(), organization);
  if (planAdmission(before, admitting, now) === undefined) return 'was-member';
  const done = new Set<Ref>();
  let left: readonly Leave[];
  do {
    // Alone in the writer's turn: a referral that ends meanwhile would be missed.
    const { result } = await commitPlanned(
      context,
      async (snapshot) => {
        const leaves = await endedOf(snapshot, organization, done);
        const planned = planAdmission(
          await readStoredOrganization(snapshot, organization),
          admitting,
          now,
          leaves,
        );
        if (planned === undefined) throw new OperationOutcomeError('write-conflict', { retryAfter: 1 });
        if (leaves.length < LEAVES_MAX) return { ...planned, leaves };
        const commit = { ...emptyCommit(organization, admitting, organization), leaves };
        return { commit, templates: new Map<Ref, StampTemplate>(), leaves };
      },
      true,
    );
    left = result.leaves;
    await renewDenials(context, result.commit);
    for (const { root } of left) done.add(root);
  } while (left.length === LEAVES_MAX);
  context.committed([organization]);
  return 'admitted';
}

export async function readStoredOrganization(snapshot: Snapshot, ref: Ref): Promise<Version> {
  const version = typeOf(ref) === 'Organization' ? await snapshot.read(ref, EVERYTHING) : undefined;
  if (version?.text === undefined) {
    throw new OperationOutcomeError('not-found', {
      diagnostics: `${ref} is not an Organization of this server`,
    });
  }
  return version;
}
