/** Two members with Direct addresses, over the real engine: what each move would mail is built from the outbox. */
import { createRecipientSelection } from '../../../src/delivery/recipients.ts';
import { createNoticeOfEntry } from '../../../src/delivery/notice.ts';
import { present } from '../../../src/delivery/subject.ts';
import { outcomeCommit } from '../../../src/delivery/outcome.ts';
import { createSubscriptionCache } from '../../../src/delivery/subscriptions.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { buildSubmission, lacksOfPackage } from '../../../src/operations/packages/build-submission.ts';
import { EVERYTHING } from '../../../src/ports/query.ts';
import { MESSAGE_EVENT } from '../../../src/ports/direct.ts';
import type { ClaimedEntry } from '../../../src/ports/store.ts';
import { isVouchedFor, readVerification } from '../../../src/resources/parties/direct-addresses.ts';
import { MEMBER_KIND } from '../../../src/resources/parties/standing.ts';
import type { FhirEngineParts } from '../../../src/server/fhir-engine.ts';
import { createEndpoints } from '../../../src/server/organizations.ts';
import { endpoint } from '../../resources.ts';
import { administrator, BASE } from '../../world.ts';
import { FROM_LARKSPUR, FROM_TIDEWATER, openExchange, type Exchange } from '../hl7v2/exchange.ts';

export const RAIL = 'direct-project';
export const ADDRESSES = {
  larkspur: 'referrals@direct.larkspur.example.org',
  tidewater: 'intake@direct.tidewater.example.org',
} as const;

/** The links name the facilities of the two, and no message of theirs is exchanged. */
const PARTS = { base: BASE, links: [FROM_LARKSPUR, FROM_TIDEWATER] };

type BuiltPackage = Awaited<ReturnType<typeof buildSubmission>>;

/** An entry with what its mail would tell. */
export interface Built {
  readonly entry: ClaimedEntry;
  readonly built: BuiltPackage;
}

export interface DirectWorld extends Exchange {
  /** Builds what is due, in order, and settles it as sent. */
  readonly send: () => Promise<readonly Built[]>;
  readonly build: (entry: ClaimedEntry) => Promise<BuiltPackage>;
  /** The order whose request came by Direct, and from which Endpoint; a test says it. */
  readonly came: { by: { readonly order: string; readonly endpoint: Ref } | undefined };
  readonly verify: (endpoint: Ref) => Promise<void>;
}

interface Options {
  /** Members have an inbox, and no mail. Default: nobody has one, so that both parties write mails. */
  readonly inboxes?: boolean;
}

/** `Endpoint/larkspur` and `Endpoint/tidewater` are theirs, and verified. */
export async function openDirectWorld({ inboxes = false }: Options = {}): Promise<DirectWorld> {
  const came: DirectWorld['came'] = { by: undefined };
  let select: FhirEngineParts['selectRecipients'] = async () => [];
  const exchange = await openExchange({
    links: PARTS.links,
    engine: {
      selectRecipients: (...asked) => select(...asked),
      lacks: (rail) =>
        rail === RAIL
          ? async (entry, asOf) => (entry.event === MESSAGE_EVENT ? [] : lacksOfPackage(PARTS, entry, asOf))
          : undefined,
    },
  });
  const { store, clock } = exchange;
  select = createRecipientSelection({
    subscriptions: createSubscriptionCache({
      store,
      criteria: () => ({ base: BASE, now: clock.now }),
      unreadable: () => undefined,
    }),
    endpointsOf: (organization) => createEndpoints(store).of(organization),
    direct: {
      cameBy: async (order) => (order === came.by?.order ? came.by.endpoint : undefined),
      isMember: async (organization) =>
        inboxes && (await store.snapshot().record(MEMBER_KIND, organization)) !== undefined,
      isVerified: async (one, resource) =>
        isVouchedFor(resource, await readVerification(store.snapshot(), one)),
    },
    rails: new Set([RAIL]),
    activePerOrganizationMax: 10,
    activeMax: 10,
  });
  const noticeOf = createNoticeOfEntry({
    clock: { now: () => clock.now },
    partyKindDefault: 'provider',
    present,
  });
  const verify = async (one: Ref): Promise<void> => {
    const { status, text } = await exchange.ask(administrator, 'POST', `${one}/$verify`);
    if (status !== 200) throw new Error(text);
  };
  for (const [id, address] of Object.entries(ADDRESSES)) {
    const written = directEndpoint(`Organization/${id}`, address, { id });
    const { status, text } = await exchange.ask(administrator, 'PUT', `Endpoint/${id}`, written);
    if (status >= 300) throw new Error(text);
    await verify(`Endpoint/${id}`);
  }
  const build = (entry: ClaimedEntry): Promise<BuiltPackage> => {
    const [asOf, now] = [store.snapshot(entry.seq), store.snapshot()];
    return buildSubmission(entry, asOf, now, {
      ...PARTS,
      at: clock.now,
      noticeOf: () => noticeOf(entry, now, asOf),
    });
  };
  if (inboxes)
    for (const id of Object.keys(ADDRESSES))
      await exchange.ask(administrator, 'POST', `Organization/${id}/$admit`);
  return {
    ...exchange,
    came,
    verify,
    async send() {
      const sent: Built[] = [];
      for (;;) {
        clock.now += 1000;
        const entries = await store.claim(100, 60_000);
        if (entries.length === 0) return sent;
        for (const entry of entries) {
          sent.push({ entry, built: await build(entry) });
          const subject = await store.snapshot(entry.seq).read(entry.subject, EVERYTHING);
          await store.commit(outcomeCommit({ entry, fate: 'accepted', policy: 'test' }, subject));
        }
      }
    },
    build,
  };
}

/** An Endpoint of Direct about an organization. */
export function directEndpoint(organization: Ref, address: string, more: object = {}): object {
  const { id: _id, header: _header, ...rest } = endpoint('x');
  return {
    ...rest,
    connectionType: { ...(rest['connectionType'] as object), code: RAIL },
    address: `mailto:${address}`,
    managingOrganization: { reference: organization },
    ...more,
  };
}
