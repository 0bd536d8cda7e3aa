/** Who sees a Consent that a referral reaches, and what a permit lets through (rules 2.16). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { initiator, openWorld, recipient, refOf, type Stored, type World } from '../../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient', 'other');
});
afterAll(() => world.close());

const OURS = 'https://closeloop.dev/fhir';
const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
const says = (code: string) => ({ url: `${OURS}/StructureDefinition/consent-statements`, valueCode: code });
const actor = (code: string, reference: string) => ({
  role: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code }] },
  reference: { reference },
});
const PART2 = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: '42CFRPart2' };

/** A complete consent under 42 CFR 2.31 for one recipient. */
const permit = (patient: Stored, to: string, more: object = {}): Resource =>
  make.consent(refOf(patient), {
    dateTime: '2026-01-01',
    performer: [{ reference: refOf(patient) }],
    organization: [{ reference: 'Organization/initiator' }],
    sourceAttachment: {
      contentType: 'application/pdf',
      title: 'The signed form',
      url: 'https://example.org/form',
    },
    policyRule: { coding: [{ system: `${OURS}/CodeSystem/consent-kind`, code: 'part2-tpo' }] },
    extension: [
      ...['revocation', 'hipaa-redisclosure', 'redisclosure', 'refusal-consequences'].map(says),
      { url: `${OURS}/StructureDefinition/expiration-event`, valueString: 'none' },
    ],
    provision: {
      type: 'permit',
      actor: [actor('CST', 'Organization/initiator'), actor('IRCP', to)],
      purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'TREAT' }],
      securityLabel: [PART2],
    },
    ...more,
  });

/** A referral that shows these to the recipient. */
const refer = (patient: Stored, ...shown: readonly Stored[]) =>
  world.create(
    initiator,
    make.serviceRequest(
      {
        subject: refOf(patient),
        requester: 'Organization/initiator',
        performer: 'Organization/recipient',
      },
      { supportingInfo: shown.map((one) => ({ reference: refOf(one) })) },
    ),
  );

const status = async (one: Stored): Promise<number> => (await world.ask(recipient, 'GET', refOf(one))).status;

describe('(compliance C13) the recipient of a referral sees', () => {
  test.each<[string, (patient: Stored) => Resource, number]>([
    ['a general OPTIN', (patient) => make.consent(refOf(patient), { provision: { type: 'permit' } }), 200],
    [
      'no OPTOUT',
      (patient) =>
        make.consent(refOf(patient), {
          policyRule: coded('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'OPTOUT'),
        }),
      404,
    ],
    [
      'no denial within a permit',
      (patient) =>
        make.consent(refOf(patient), {
          provision: {
            type: 'permit',
            provision: [{ type: 'deny', actor: [actor('IRCP', 'Organization/other')] }],
          },
        }),
      404,
    ],
    ['a permit that names it', (patient) => permit(patient, 'Organization/recipient'), 200],
    ['no permit that names another', (patient) => permit(patient, 'Organization/other'), 404],
    [
      'no restriction that is only asked for',
      (patient) =>
        make.consent(refOf(patient), {
          status: 'proposed',
          policyRule: coded(`${OURS}/CodeSystem/consent-kind`, 'hipaa-restrictions'),
          provision: { type: 'deny', actor: [actor('IRCP', 'Organization/other')] },
        }),
      404,
    ],
  ])('%s', async (_what, build, answer) => {
    const patient = await world.create(initiator, make.patient());
    const general = await world.create(initiator, make.consent(refOf(patient)));
    await refer(patient, general);
    const consent = { ...build(patient), id: general.id };
    expect((await world.ask(initiator, 'PUT', refOf(general), consent)).status).toBe(200);
    expect(await status(general)).toBe(answer);
    const { entry = [] } = await world.bundle(recipient, `Consent?patient=${refOf(patient)}`);
    const consents = entry.filter(({ resource }) => resource?.resourceType === 'Consent');
    expect(consents).toHaveLength(answer === 200 ? 1 : 0);
  });
});

describe('(compliance C4, C11) content under Part 2', () => {
  /** Observations that a referral shows, and that turn out to be records under Part 2. */
  async function shown(patient: Stored, count = 1): Promise<readonly Stored[]> {
    const observations: Stored[] = [];
    for (let i = 0; i < count; i += 1)
      observations.push(await world.create(initiator, make.observation(refOf(patient))));
    await refer(patient, ...observations);
    for (const one of observations)
      await world.ask(initiator, 'PUT', refOf(one), { ...one, meta: { security: [PART2] } });
    return observations;
  }

  test('is read from the commit of a permit to the commit that ends it', async () => {
    const patient = await world.create(initiator, make.patient());
    const [one, two] = (await shown(patient, 2)) as [Stored, Stored];
    expect(await status(one)).toBe(404);
    const consent = await world.create(initiator, permit(patient, 'Organization/recipient'));
    expect(await status(one)).toBe(200);
    await world.ask(initiator, 'POST', `${refOf(consent)}/$revoke`, revocation(refOf(patient), 'written'));
    // What it opened before, it received (compliance L5); what it never opened is withheld.
    expect([await status(one), await status(two)]).toEqual([200, 404]);
  });

  test('is not read with a permit that lacks something', async () => {
    const patient = await world.create(initiator, make.patient());
    const [one] = (await shown(patient)) as [Stored];
    const lacking = permit(patient, 'Organization/recipient', { extension: [says('revocation')] });
    await world.create(initiator, lacking);
    expect(await status(one)).toBe(404);
  });

  test('(compliance C5) is not read by the recipient’s own word', async () => {
    const patient = await world.create(initiator, make.patient());
    const [one] = (await shown(patient)) as [Stored];
    const own = {
      ...permit(patient, 'Organization/recipient'),
      organization: [make.to('Organization/recipient')],
    };
    expect((await world.ask(recipient, 'POST', 'Consent', own)).status).toBe(201);
    expect(await status(one)).toBe(404);
  });
});

const revocation = (by: string, how: string) => ({
  resourceType: 'Parameters',
  parameter: [
    { name: 'by', valueReference: { reference: by } },
    { name: 'how', valueCode: how },
  ],
});

test('(compliance R4) a restriction that its entity ended denies what was created before', async () => {
  const patient = await world.create(initiator, make.patient());
  const before = await world.create(initiator, make.observation(refOf(patient)));
  const report = await world.create(initiator, {
    resourceType: 'DiagnosticReport',
    status: 'preliminary',
    code: coded('http://loinc.org', '58410-2'),
    subject: { reference: refOf(patient) },
    result: [{ reference: refOf(before) }],
  });
  await refer(patient, report);
  const restriction = await world.create(
    initiator,
    make.consent(refOf(patient), {
      dateTime: '2026-01-01',
      performer: [{ reference: refOf(patient) }],
      policyRule: coded(`${OURS}/CodeSystem/consent-kind`, 'hipaa-restrictions'),
      provision: {
        type: 'deny',
        actor: [actor('IRCP', 'Organization/recipient')],
        class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'Observation' }],
      },
    }),
  );
  const { status: ended } = await world.ask(
    initiator,
    'POST',
    `${refOf(restriction)}/$revoke`,
    revocation('Organization/initiator', 'informed'),
  );
  const later = await world.create(initiator, make.observation(refOf(patient)));
  const result = [before, later].map((one) => ({ reference: refOf(one) }));
  await world.ask(initiator, 'PUT', refOf(report), { ...report, result });
  expect([ended, await status(before), await status(later)]).toEqual([200, 403, 200]);
  // A write that tells is asked the same.
  const order = (shown: Stored) =>
    world.ask(
      initiator,
      'POST',
      'ServiceRequest',
      make.serviceRequest(
        { subject: refOf(patient), requester: 'Organization/initiator', performer: 'Organization/recipient' },
        { supportingInfo: [{ reference: refOf(shown) }] },
      ),
    );
  expect([(await order(before)).code, (await order(later)).status]).toEqual(['disclosure-denied', 201]);
});
