/** A Direct rail with a store of its own, its security agent on loopback, and a desk that keeps what it is handed. */
import { createPrivateKey, randomBytes, randomUUID, X509Certificate } from 'node:crypto';
import { createNoteEvidence } from '../../../../src/delivery/delivered/note-evidence.ts';
import type { DirectTrust } from '../../../../src/delivery/direct-trust.ts';
import { domainOfAddress } from '../../../../src/direct/address.ts';
import type { Submission } from '../../../../src/direct/xdm/submission.ts';
import type { Ref } from '../../../../src/fhir/types.ts';
import { createMessageKey } from '../../../../src/operations/packages/message-key.ts';
import type { Timers } from '../../../../src/ports/clock.ts';
import { auditedCommit } from '../../../../src/ports/commit.ts';
import { DELIVERY_RECORD, type DeliveryRecord } from '../../../../src/ports/delivered.ts';
import {
  OWED_DISPOSITION,
  type DirectAddress,
  type DirectMail,
  type DirectReceived,
  type OwedDisposition,
} from '../../../../src/ports/direct.ts';
import { allRecords } from '../../../../src/ports/record.ts';
import type { NoticeOfEntry, Receipt } from '../../../../src/ports/rail.ts';
import type { AuditRow, ClaimedEntry } from '../../../../src/ports/store.ts';
import type { BuiltSubmission } from '../../../../src/rails/direct/deliver.ts';
import { createDiscovery } from '../../../../src/rails/direct/discovery/index.ts';
import {
  createDirectRail,
  type DirectRail,
  type DirectRailParts,
  type LocalDomain,
} from '../../../../src/rails/direct/index.ts';
import { writeVerification } from '../../../../src/resources/parties/direct-addresses.ts';
import { buildEntry, openWorld, type World } from '../../../contract/delivery-world.ts';
import type { DirectParty } from '../../../direct-world.ts';
import { guardOf } from '../../../guarded.ts';
import { realTimers, SETTINGS } from './smtp-world.ts';
import { AUDIT_ROW } from '../../../audit-row.ts';

export const ENDPOINT: Ref = 'Endpoint/peer';

/** A clock that can be set ahead. */
export interface SetClock {
  now(): number;
  ahead(ms: number): void;
}

export function setClock(): SetClock {
  let offset = 0;
  return {
    now: () => Date.now() + offset,
    ahead: (ms) => void (offset += ms),
  };
}

export interface Agent {
  readonly rail: DirectRail;
  readonly world: World;
  readonly clock: SetClock;
  readonly port: number;
  /** What the desk was handed. */
  readonly mails: DirectMail[];
  readonly logs: string[];
  /** How often a resend was asked for. */
  readonly resent: () => number;
  /** An entry for the peer that is due, as the dispatcher claims it. */
  readonly claim: () => Promise<ClaimedEntry>;
  readonly deliver: (entry: ClaimedEntry, signal?: AbortSignal, noticeOf?: NoticeOfEntry) => Promise<Receipt>;
  /** Delivers, and writes the receipt as the dispatcher does. */
  readonly send: () => Promise<{ readonly entry: ClaimedEntry; readonly receipt: Receipt }>;
  readonly delivery: (entry: string) => Promise<DeliveryRecord | undefined>;
  readonly owed: () => Promise<readonly OwedDisposition[]>;
  readonly audit: () => Promise<readonly AuditRow[]>;
  close(): Promise<void>;
}

export interface AgentOptions {
  readonly own: DirectParty;
  readonly peer: DirectParty;
  readonly anchors: readonly string[];
  /** The port of its relay. */
  readonly relay?: () => number;
  /** What the desk does; default: applied, and both notifications owed. */
  readonly receive?: (mail: DirectMail) => Promise<DirectReceived>;
  /** Whether the rail can store nothing; the desk still can. */
  readonly isFull?: () => boolean;
  readonly domains?: readonly LocalDomain[];
  /** Whose an address is; default: the own one is kept here. */
  readonly memberOf?: (address: DirectAddress) => Promise<Ref | undefined>;
  readonly settings?: Partial<DirectRailParts['settings']>;
  /** Default: real ones. */
  readonly timers?: Timers;
  readonly build?: (entry: ClaimedEntry) => Promise<BuiltSubmission>;
}

export async function openAgent(options: AgentOptions): Promise<Agent> {
  const { own, peer, settings = {} } = options;
  const world = await openWorld();
  const clock = setClock();
  const { store } = world;
  const mails: DirectMail[] = [];
  const logs: string[] = [];
  let resent = 0;
  const guard = guardOf({ purpose: 'direct-relay', allowList: ['127.0.0.1'] });
  const mailboxGuard = guardOf({ purpose: 'direct-mailbox', allowList: ['127.0.0.1'] });
  const trust = trustOf(own, options.anchors);
  const peerCertificate = new X509Certificate(peer.certificate);
  const { drainMs, ...smtp } = SETTINGS;
  const rail = createDirectRail({
    domains: options.domains ?? [{ domain: own.domain, way: 'sta' }],
    settings: {
      ...smtp,
      drainMs,
      listen: { host: '127.0.0.1', port: 0 },
      tls: undefined,
      keys: 'keys',
      relay: undefined,
      mailBytesMax: 5_000_000,
      pollMs: 200,
      processedMs: 3_600_000,
      dispatchedMs: 86_400_000,
      ...settings,
    },
    connect: (destination, given) =>
      (destination.purpose === 'direct-relay' ? guard : mailboxGuard).connect(
        // The port of the relay is known only when both stand.
        options.relay === undefined || destination.purpose !== 'direct-relay'
          ? destination
          : { ...destination, address: `smtp://127.0.0.1:${options.relay()}` },
        given,
      ),
    trust,
    discovery: createDiscovery({
      trust,
      sources: [
        { name: 'address-book', find: async (asked) => (asked === peer.domain ? [peerCertificate] : []) },
      ],
    }),
    build: options.build === undefined ? async (entry) => submissionOf(own, peer, entry) : options.build,
    messageKey: createMessageKey({ store, random: randomBytes }),
    application: 'Closeloop test',
    clock,
    timers: options.timers ?? realTimers,
    random: randomBytes,
    log: (level, says, about) => void logs.push(`${level} ${says} ${JSON.stringify(about)}`),
  });
  await world.put({
    resourceType: 'Endpoint',
    id: 'peer',
    status: 'active',
    connectionType: {
      system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
      code: 'direct-project',
    },
    address: `mailto:${peer.address}`,
  });
  const verified = {
    address: peer.address,
    organization: undefined,
    state: 'verified',
    how: 'administrator',
    by: 'test',
    at: new Date().toISOString(),
  } as const;
  await store.commit(auditedCommit([AUDIT_ROW], { records: [writeVerification(ENDPOINT, verified)] }));
  const deliver: Agent['deliver'] = (entry, signal = AbortSignal.timeout(10_000), noticeOf) =>
    rail.deliver(entry, store.snapshot(entry.seq), store.snapshot(), signal, noticeOf);
  const claim = async (): Promise<ClaimedEntry> => {
    await world.put({ resourceType: 'Task', id: randomUUID() }, [
      buildEntry('direct-project', ENDPOINT, 'Task/referral'),
    ]);
    const [entry] = await store.claim(1, 60_000);
    if (entry === undefined) throw new Error('nothing is due');
    return entry;
  };
  await world.put({ resourceType: 'Task', id: 'referral' });
  const receive = async (mail: DirectMail): Promise<DirectReceived> => {
    mails.push(mail);
    if (options.receive !== undefined) return options.receive(mail);
    const owed = owedFor(mail, clock.now());
    await store.commit(auditedCommit([AUDIT_ROW], { records: owed }));
    return { fate: 'applied', owed: ['processed', 'dispatched'] };
  };
  const commit: typeof store.commit = async (given) => {
    if (options.isFull?.() === true) throw new Error('no room');
    return store.commit(given);
  };
  const where = await rail.listen({
    store: { ...store, commit },
    memberOf:
      options.memberOf ?? (async (address) => (address === own.address ? 'Organization/own' : undefined)),
    receive,
    noteEvidence: createNoteEvidence({
      store,
      items: { open: async () => NOT_ASKED(), close: async () => undefined },
      onState: () => undefined,
    }),
    async resend(sent, signal) {
      resent += 1;
      const [row] = await store.outbox({ id: sent.entry, count: 1 });
      return row && deliver({ ...row, attempt: sent.mails + 1 }, signal);
    },
  });
  const rows = () => store.snapshot().audit({ viewer: undefined, names: [], count: 100 });
  return {
    rail,
    world,
    clock,
    port: where?.port ?? 0,
    mails,
    logs,
    resent: () => resent,
    claim,
    deliver,
    async send() {
      const entry = await claim();
      const receipt = await deliver(entry);
      if (receipt.outcome !== 'accepted') throw new Error(JSON.stringify(receipt));
      await store.commit(
        auditedCommit([AUDIT_ROW], {
          records: receipt.records ?? [],
          deliveryOutcomes: [{ id: entry.id, fate: 'accepted' }],
        }),
      );
      return { entry, receipt };
    },
    delivery: async (entry) =>
      (await store.snapshot().record(DELIVERY_RECORD, entry))?.body as DeliveryRecord | undefined,
    owed: async () =>
      (await allRecords(store.snapshot(), OWED_DISPOSITION, 'by', own.domain)).map(
        ({ body }) => body as OwedDisposition,
      ),
    audit: rows,
    async close() {
      await rail.close();
      await world.close();
    },
  };
}

/** A work item: any write will do here. */
const NOT_ASKED = () => ({
  ref: `Task/${randomUUID()}` as const,
  method: 'POST' as const,
  base: 0,
  text: { pieces: ['{"resourceType":"Task"}'], holes: [] },
  custodian: '' as const,
  values: [],
  reach: { parties: [], outward: [], inward: [], everyone: false },
});

/** As the desk writes them, in the commit of the mail. */
export const owedFor = (mail: DirectMail, now: number) =>
  mail.messageId === undefined
    ? []
    : (['processed', 'dispatched'] as const).map((disposition) => ({
        kind: OWED_DISPOSITION,
        key: `${mail.messageId ?? ''} ${disposition}`,
        expect: 'any' as const,
        body: {
          by: mail.to,
          to: mail.from,
          messageId: mail.messageId ?? '',
          disposition,
          at: new Date(now).toISOString(),
          attempts: 0,
          dueAt: now,
        } satisfies OwedDisposition,
        index: [['by', domainOfAddress(mail.to)] as const],
      }));

export function trustOf(own: DirectParty, anchors: readonly string[]): DirectTrust {
  const key = {
    certificate: new X509Certificate(own.certificate),
    privateKey: createPrivateKey(own.privateKey),
    intermediates: [],
  };
  const trusted = anchors.map((pem) => new X509Certificate(pem));
  return {
    keysFor: async () => [key],
    signerFor: async () => key,
    anchorsFor: async () => trusted,
    intermediatesFor: async () => [],
    revocationFor: async () => ({ lists: new Map(), graceMs: 0 }),
  };
}

/** A package that says little, the same for the same entry. */
export function submissionOf(own: DirectParty, peer: DirectParty, entry: ClaimedEntry): BuiltSubmission {
  const at = Date.parse('2026-03-01T10:00:00Z');
  const code = { code: '57133-1', system: '2.16.840.1.113883.6.1', display: 'Referral note' };
  const uniqueId = `2.25.${entry.id.replace('-', '99')}`;
  const submission: Submission = {
    uniqueId,
    sourceId: '2.999.1',
    submissionTime: at,
    author: { institution: { name: 'Alder' }, telecom: own.address },
    intendedRecipient: { institution: { name: 'Tarn' }, telecom: peer.address },
    referralId: { value: 'R-1', assigner: '2.999.1' },
    title: 'Referral request',
    documents: [
      {
        kind: 'message',
        bytes: Buffer.from('MSH|^~\\&|\r'),
        uniqueId: `${uniqueId}.1`,
        mimeType: 'x-application/hl7-v2+er7',
        classCode: code,
        typeCode: code,
        formatCode: { code: 'urn:ihe:pcc:360x:hl7:OMG:O19:2017', system: '1.3.6.1.4.1.19376.1.2.3' },
        confidentiality: [{ code: 'N', system: '2.16.840.1.113883.5.25' }],
        creationTime: at,
        languageCode: 'en-US',
      },
    ],
  };
  return { kind: 'submission', submission, institution: 'Alder', text: 'A referral.' };
}

/** Resolves when it holds, or after five seconds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 250 && !(await holds()); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

export const addressOf = (text: string): DirectAddress => text as DirectAddress;
