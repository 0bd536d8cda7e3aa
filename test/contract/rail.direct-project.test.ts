/** The laws of the port `Rail` for Direct mail: what the resource says stands in the text of the mail here (direct-xdm 2). */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { readMail } from '../../src/direct/mime/read.ts';
import { MAIL_LIMITS } from '../../src/direct/mime/limits.ts';
import { presentNoticed } from '../../src/delivery/noticed.ts';
import { auditedCommit } from '../../src/ports/commit.ts';
import type { PresentVersion, Rail } from '../../src/ports/rail.ts';
import { createDirectRail, localDomainsOf, type BuildSubmission } from '../../src/rails/direct/index.ts';
import { writeVerification } from '../../src/resources/parties/direct-addresses.ts';
import { guardOf } from '../guarded.ts';
import { openPort, realTimers, SETTINGS } from '../unit/rails/direct/smtp-world.ts';
import { describeRail, type Behaviour } from './rail.ts';
import { AUDIT_ROW } from '../audit-row.ts';

const FROM = 'nokafor@direct.alder.example.org';
const TO = 'intake@direct.tarn.example.org';
const guard = guardOf({ purpose: 'direct-relay', allowList: ['127.0.0.1'], connectTimeoutMs: 500 });

const RECEIVER = {
  resourceType: 'Endpoint',
  id: 'tarn',
  status: 'active',
  connectionType: {
    system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
    code: 'direct-project',
  },
  address: `mailto:${TO}`,
} as const;

/** A package whose text for people is the resource, as it may be shown. */
const building =
  (present: PresentVersion): BuildSubmission =>
  async (entry, asOf, _now, noticeOf) => {
    const version = await asOf.read(entry.subject, entry.sight);
    if (version === undefined) return { kind: 'lacks', lacks: ['the subject is gone'] };
    const text = await presentNoticed(present, version, entry.sight, 'direct-project', noticeOf);
    const code = { code: '57133-1', system: '2.16.840.1.113883.6.1' };
    const uniqueId = `2.999.${entry.id.replace('-', '.')}`;
    return {
      kind: 'submission',
      institution: 'Alder',
      text,
      submission: {
        uniqueId,
        sourceId: '2.999',
        submissionTime: 0,
        author: { telecom: FROM },
        intendedRecipient: { telecom: TO },
        referralId: { value: entry.id, assigner: '2.999' },
        title: entry.id,
        documents: [
          {
            kind: 'message',
            bytes: Buffer.from(`MSH ${entry.id}`),
            uniqueId: `${uniqueId}.1`,
            mimeType: 'x-application/hl7-v2+er7',
            classCode: code,
            typeCode: code,
            formatCode: code,
            confidentiality: [],
            creationTime: 0,
            languageCode: 'en',
          },
        ],
      },
    };
  };

/** By submission, so that what arrives can be read. */
const railTo = (port: number, present: PresentVersion): Rail =>
  createDirectRail({
    domains: localDomainsOf(
      [
        {
          domain: 'direct.alder.example.org',
          way: 'edge',
          mailboxes: [],
          submission: { server: `smtp://127.0.0.1:${port}`, tls: 'offered' },
        },
      ],
      'test',
    ),
    settings: {
      ...SETTINGS,
      listen: undefined,
      tls: undefined,
      keys: 'keys',
      relay: undefined,
      mailBytesMax: 1_000_000,
      pollMs: 1000,
      processedMs: 1000,
      dispatchedMs: 1000,
    },
    connect: (destination, options) => guard.connect(destination, options),
    trust: undefined,
    discovery: undefined,
    build: building(present),
    application: 'test',
    clock: { now: () => Date.parse('2026-01-01T00:00:00Z') },
    timers: realTimers,
    messageKey: async () => Buffer.alloc(32),
    random: randomBytes,
    log: () => undefined,
  });

/** What the receiving server does with a mail. */
const DOES: Readonly<Record<Behaviour, Parameters<typeof openPort>[0]>> = {
  accepts: {},
  refuses: { knows: async () => false },
  fails: { take: async () => false },
  hangs: { take: () => new Promise(() => undefined) },
};

/** The id in the name of the submission: the package is stored, so that it can be seen. */
const idIn = (package_: Uint8Array): string =>
  /MSH (\d+-\d+)/.exec(Buffer.from(package_).toString('latin1'))?.[1] ?? '';

describeRail({
  name: 'direct-project',
  async open(behaviour, present) {
    const port = await openPort(DOES[behaviour]);
    const rail = railTo(port.port, present);
    return {
      rail,
      receiver: RECEIVER,
      arrived: () =>
        port.arrived.map(({ bytes }) => {
          const mail = readMail(bytes, MAIL_LIMITS);
          const [text, zip] = mail.kind === 'mail' ? mail.parts : [];
          return {
            id: idIn(zip?.bytes ?? new Uint8Array()),
            text: Buffer.from(text?.bytes ?? []).toString(),
          };
        }),
      async close() {
        await rail.close();
        await port.close();
      },
    };
  },
  async openTroubled() {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    await new Promise((resolve) => server.close(resolve));
    return railTo(
      typeof address === 'object' && address !== null ? address.port : 9,
      ({ text = '' }) => text,
    );
  },
  cannot: {},
  async prepare(store) {
    const verified = {
      address: TO,
      organization: undefined,
      state: 'verified',
      how: 'administrator',
      by: 'test',
      at: '2026-01-01T00:00:00.000Z',
    } as const;
    await store.commit(
      auditedCommit([AUDIT_ROW], { records: [writeVerification('Endpoint/tarn', verified)] }),
    );
  },
});
