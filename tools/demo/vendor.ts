/**
 * A vendor whose agreement ends between two messages: the practice and its billing company sign a business associate
 * agreement, the first message is read, the agreement ends by the clock, and the second message never leaves.
 */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CHECKLIST } from '../../src/agreements/checklist.ts';
import {
  AGREEMENT_EXTENSIONS,
  BA_SERVICE,
  CONTRACT_TERM,
  CONTRACT_TYPE,
  SIGNER_CODES,
  SIGNER_TYPE,
} from '../../src/agreements/contract.ts';
import type { Ref, Resource } from '../../src/fhir/types.ts';
import { PARTY_KIND_SYSTEM } from '../../src/resources/parties/kinds.ts';
import { askingAs, done, refOf, refusalOf, tokenOf, type Ask } from './asking.ts';
import { printStep, printTitle } from './print.ts';
import { ORGANIZATIONS } from './organizations.ts';
import { admitDemo, type World } from './world.ts';

const VENDOR: Ref = 'Organization/demo-vendor';
const PRACTICE = ORGANIZATIONS.initiator.ref;

/** How long the agreement of the demonstration lasts once both have signed. */
const LASTS_MS = 2_500;

export async function playVendor(world: World): Promise<void> {
  printTitle('A vendor whose agreement ends between two messages');
  const vendor = askingAs(world, await joinVendor(world));
  const practice = askingAs(world, world.tokens.initiator);
  const patient = refOf(done(await practice('POST', 'Patient', person())));

  const early = await practice('POST', 'Communication', message(patient));
  printStep(`the practice writes to its billing company: ${early.status} ${refusalOf(early)}`);

  const endsAt = Date.now() + LASTS_MS;
  const agreement = await sign(practice, vendor, endsAt);
  printStep(`both sign a business associate agreement: ${agreement}`);
  const first = refOf(done(await practice('POST', 'Communication', message(patient))));
  printStep(
    `the same message is sent, and the billing company reads it: "${textOf(done(await vendor('GET', first)))}"`,
  );

  await sleep(Math.max(0, endsAt + 100 - Date.now()));
  const asked = done(await practice('POST', 'Communication/$can-send', question(patient)));
  printStep(`the agreement ends. May they be told? ${answerIn(asked)}`);
  const late = await practice('POST', 'Communication', message(patient));
  printStep(`the second message does not leave: ${late.status} ${refusalOf(late)}`);
  printStep(
    `what the billing company reads of the first one now: "${textOf(done(await vendor('GET', first)))}"`,
  );
  printStep(`what the practice reads of it: "${textOf(done(await practice('GET', first)))}"`);
  printStep(
    `the audit has ${await count(practice, { entity: first, subtype: DISCLOSED })} rows of the first message, as sent and as ` +
      `read, and ${await count(practice, { outcome: '4', type: 'rest' })} of tries that were refused`,
  );
}

/** How many rows of the audit say that the billing company was told, or was to be told. */
async function count(ask: Ask, of: Readonly<Record<string, string>>): Promise<string> {
  const query = new URLSearchParams({ agent: VENDOR, ...of, _summary: 'count' });
  return String(done(await ask('GET', `AuditEvent?${query.toString()}`))['total']);
}

/** The vendor becomes a member; an administrator says what it is. */
async function joinVendor(world: World): Promise<string> {
  await admitDemo(world.running, VENDOR, {
    resourceType: 'Organization',
    id: VENDOR.slice('Organization/'.length),
    identifier: [{ system: 'urn:ietf:rfc:3986', value: 'urn:oid:2.999.360.4' }],
    active: true,
    type: [{ coding: [{ system: PARTY_KIND_SYSTEM, code: 'business-associate' }] }],
    name: 'Clearwater Billing',
  });
  return tokenOf(world, VENDOR, 'demo-vendor');
}

/** Prepares, offers and signs an agreement: the practice first, then the vendor. */
async function sign(practice: Ask, vendor: Ask, endsAt: number): Promise<Ref> {
  const words = Buffer.from(
    'Business associate agreement of Elm Street Family Medicine and Clearwater Billing.',
  );
  const hash = createHash('sha256').update(words).digest('hex');
  const document = done(
    await practice('POST', 'Binary', {
      resourceType: 'Binary',
      contentType: 'text/plain',
      data: words.toString('base64'),
    }),
  );
  const started = done(await practice('POST', 'Contract', agreement(refOf(document), hash, endsAt)));
  const contract = refOf(started);
  await change(practice, contract, () => ({ status: 'offered' }));
  await change(practice, contract, () => ({
    status: 'executable',
    signer: [signer('principal', PRACTICE, hash)],
  }));
  await change(vendor, contract, ({ signer: before }) => ({
    status: 'executed',
    signer: [...(before as readonly object[]), signer('associate', VENDOR, hash)],
  }));
  return contract;
}

async function change(ask: Ask, ref: Ref, changes: (before: Resource) => object): Promise<void> {
  const before = done(await ask('GET', ref));
  const { legalState: _written, ...rest } = before; // the server writes it
  done(await ask('PUT', ref, { ...rest, ...changes(before) }));
}

const agreement = (document: Ref, hash: string, endsAt: number): Resource => ({
  resourceType: 'Contract',
  status: 'policy',
  type: { coding: [{ system: CONTRACT_TYPE, code: 'baa' }] },
  authority: [{ reference: PRACTICE }],
  subject: [{ reference: VENDOR }],
  issued: new Date().toISOString(),
  applies: { start: new Date(Date.now() - 60_000).toISOString(), end: new Date(endsAt).toISOString() },
  extension: [
    ...CHECKLIST.filter(({ required }) => required !== 'never').map(({ code }) => ({
      url: AGREEMENT_EXTENSIONS.checklist,
      extension: [
        { url: 'code', valueCode: code },
        { url: 'clause', valueString: '7' },
      ],
    })),
    { url: AGREEMENT_EXTENSIONS.reviewBy, valueDate: dayAfter(REVIEW_DAYS) },
  ],
  term: [
    {
      type: { coding: [{ system: CONTRACT_TERM, code: 'permitted-use' }] },
      subType: { coding: [{ system: BA_SERVICE, code: 'billing' }] },
      offer: { text: 'Preparation of claims' },
    },
  ],
  legal: [
    {
      contentAttachment: {
        contentType: 'text/plain',
        url: document,
        extension: [{ url: AGREEMENT_EXTENSIONS.contentHash, valueString: hash }],
      },
    },
  ],
});

const REVIEW_DAYS = 365;
const DAY = 86_400_000;
const dayAfter = (days: number): string => new Date(Date.now() + days * DAY).toISOString().slice(0, 10);

const signer = (side: 'principal' | 'associate', party: Ref, hash: string): object => ({
  type: { system: SIGNER_TYPE, code: SIGNER_CODES[side] },
  party: { reference: party },
  signature: [
    {
      extension: [{ url: AGREEMENT_EXTENSIONS.signedHash, valueString: hash }],
      type: [{ system: 'urn:iso-astm:E1762-95:2013', code: '1.2.840.10065.1.12.1.1' }],
      when: new Date().toISOString(),
      who: { reference: party },
    },
  ],
});

const person = (): Resource => ({
  resourceType: 'Patient',
  identifier: [
    { system: `urn:oid:${ORGANIZATIONS.initiator.authority}`, value: `MRN-${randomUUID().slice(0, 8)}` },
  ],
  name: [{ family: 'Sample', given: ['Jordan'] }],
  birthDate: '1979-08-02',
});

const message = (patient: string): Resource => ({
  resourceType: 'Communication',
  status: 'in-progress',
  subject: { reference: patient },
  sender: { reference: PRACTICE },
  recipient: [{ reference: VENDOR }],
  payload: [
    { contentString: 'Please bill the visit of 3 March; the claim was returned for a missing code.' },
  ],
});

const question = (patient: string): Resource => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'message', resource: message(patient) }],
});

interface Part {
  readonly name: string;
  readonly valueBoolean?: boolean;
  readonly valueCode?: string;
  readonly part?: readonly Part[];
}

/** What `$can-send` says of the one recipient. */
function answerIn(parameters: Resource): string {
  const [recipient] = (parameters['parameter'] ?? []) as readonly Part[]; // Parameters
  const partOf = (name: string) => recipient?.part?.find((one) => one.name === name);
  const isAllowed = partOf('allowed')?.valueBoolean === true;
  const state = partOf('agreement')?.part?.find(({ name }) => name === 'state')?.valueCode ?? 'none';
  return `${isAllowed ? 'yes' : 'no'}: the agreement is ${state}`;
}

const textOf = ({ payload }: Resource): string =>
  ((payload ?? []) as readonly { readonly contentString?: string }[])[0]?.contentString ?? ''; // a message

const DISCLOSED = 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle|disclose';
