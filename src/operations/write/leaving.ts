/**
 * Takes away an organization's account (directory DR6): it is listed from then on, its tokens name nobody, its
 * Subscriptions are off, and it stays the custodian of what it keeps. An organization that has sent open referrals
 * needs a successor, which acts for it in them.
 */
import { EVERYTHING } from '../../ports/query.ts';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import type { Snapshot, Write } from '../../ports/store.ts';
import { REPLACED_BY } from '../../resources/parties/judge.ts';
import { MEMBER_KIND, withStanding } from '../../resources/parties/standing.ts';
import { addressedParty, RESOLVED_PARTY } from '../../resources/party.ts';
import { partyWorldOf } from '../../resources/party-world.ts';
import { focusOf } from '../../resources/referral-rules/consequences.ts';
import { planStored } from './draft.ts';
import { readStoredOrganization, type Admitting } from '../members.ts';
import { buildWrite, commitPlanned } from './commit.ts';
import { openReferrals, seenBy } from './open-referrals.ts';
import { registerCommit } from '../register.ts';
import type { OperationContext } from '../context.ts';

/** Statuses of a Subscription that is not off. */
const LISTENING = ['requested', 'active', 'error'];

/**
 * @throws OperationOutcomeError `not-found` for who is no member; `referrals-open` without a successor; `parameter-invalid`
 * for one that succeeds itself
 */
export async function removeMember(
  context: Pick<OperationContext, 'store' | 'clock' | 'committed'>,
  { organization, successor }: { readonly organization: Ref; readonly successor?: Ref | undefined },
  admitting: Admitting,
): Promise<void> {
  if (successor === organization)
    throw new OperationOutcomeError('parameter-invalid', { diagnostics: 'the successor is another member' });
  const touched = new Set<Ref>();
  // Alone in the writer's turn: a referral that is sent meanwhile would be missed.
  await commitPlanned(
    context,
    async (snapshot) => {
      for (const one of [organization, successor])
        if (one !== undefined && (await snapshot.record(MEMBER_KIND, one)) === undefined)
          throw new OperationOutcomeError('not-found', {
            diagnostics: `${one} is not a member of this server`,
          });
      const writes = [
        await listed(snapshot, organization, successor),
        ...(await handedOver(snapshot, organization, successor)),
        ...(await switchedOff(snapshot, organization)),
      ];
      for (const { ref } of writes) touched.add(ref);
      const record = { kind: MEMBER_KIND, key: organization, expect: 'any', body: undefined } as const;
      const commit = registerCommit(writes, [record], organization, 'member remove', admitting);
      return { commit, templates: new Map() };
    },
    true,
  );
  context.committed([...touched]);
}

async function listed(snapshot: Snapshot, organization: Ref, successor: Ref | undefined): Promise<Write> {
  const version = await readStoredOrganization(snapshot, organization);
  return buildWrite(
    planStored(version, (tree) => {
      const after = withStanding(tree, 'listed');
      if (successor === undefined) return after;
      return { ...after, extension: noted(after['extension'], REPLACED_BY, successor) };
    }),
  );
}

/** The Tasks and orders of the open referrals that it has sent, with the party that acts for their requester from now on. */
async function handedOver(
  snapshot: Snapshot,
  organization: Ref,
  successor: Ref | undefined,
): Promise<readonly Write[]> {
  const world = partyWorldOf(snapshot);
  const writes: Write[] = [];
  for await (const { task, ...match } of openReferrals(snapshot, organization)) {
    if ((await addressedParty(task['requester'], world)) !== organization) continue;
    if (successor === undefined) {
      throw new OperationOutcomeError('referrals-open', {
        diagnostics: `${match.ref} is open, and ${organization} has sent it; name a successor.`,
      });
    }
    const recipient = await addressedParty(task['owner'], world);
    const parties = [...new Set([organization, successor, ...(recipient === undefined ? [] : [recipient])])];
    writes.push(buildWrite({ ...requestedBy(match, successor), parties }));
    const focus = focusOf(task);
    const order = focus && (await snapshot.read(focus, EVERYTHING));
    if (order?.text !== undefined && !writes.some(({ ref }) => ref === focus))
      writes.push(buildWrite(requestedBy(order, successor)));
  }
  return writes;
}

const requestedBy = (version: Parameters<typeof planStored>[0], successor: Ref) =>
  planStored(version, (tree) => {
    const requester = (tree['requester'] ?? {}) as { readonly extension?: unknown }; // validated
    return {
      ...tree,
      requester: { ...requester, extension: noted(requester.extension, RESOLVED_PARTY, successor) },
    };
  });

function noted(extensions: unknown, url: string, party: Ref): readonly object[] {
  const list = (extensions ?? []) as readonly { readonly url?: string }[]; // validated
  return [...list.filter((one) => one.url !== url), { url, valueReference: { reference: party } }];
}

async function switchedOff(snapshot: Snapshot, organization: Ref): Promise<readonly Write[]> {
  const writes: Write[] = [];
  for await (const match of seenBy(snapshot, organization, 'Subscription', LISTENING)) {
    if (match.custodian === organization)
      writes.push(buildWrite(planStored(match, (tree) => ({ ...tree, status: 'off' }))));
  }
  return writes;
}
