/** The pre-flight: what may be sent, asked before anybody writes (baa-messaging PF1 to PF4, section 6). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseJson } from '../../../src/fhir/json.ts';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import type { AgreementSpec } from '../../agreements.ts';
import * as fc from '../../chance.ts';
import * as make from '../../resources.ts';
import { createFindWays, type FindWays } from '../../../src/delivery/ways.ts';
import { readCarriers, readWay } from '../../../src/delivery/carriers.ts';
import type { Channel } from '../../../src/delivery/choose-rail.ts';
import { withFoundBasis } from '../../../src/resources/referral-rules/basis.ts';
import { callerOf, openWorld, refOf, type World } from '../../world.ts';
import { putContract, setKinds } from './put-contract.ts';

const MORNING = Date.parse('2027-01-20T08:00:00Z');
const clock = { at: MORNING, now: () => clock.at };
const CONTENT = 'https://closeloop.dev/fhir/CodeSystem/message-content';

/** A Contract for each state, in force or not on that morning. */
const STATES: Readonly<Record<string, AgreementSpec | undefined>> = {
  none: undefined,
  staging: { status: 'policy', signed: [] },
  pending: { status: 'executable', signed: ['principal'] },
  active: {},
  expired: { start: '2025-01-01', end: '2026-12-31' },
  revoked: { status: 'revoked', reason: { code: 'service-ended', effective: '2026-12-31' } },
};
const A: Ref = 'Organization/clinic';
const vendor = (state: string): Ref => `Organization/v-${state}`;

/** What the server finds as ways to a recipient, while a test says so. */
let ways: FindWays | undefined;
/** Everybody has an account. */
const INBOX: FindWays = async () => [{ rail: 'inbox', taken: true, carriers: [] }];

/** What a patient acknowledges: messages in the portal of the clinic, through that day. */
const messagingConsent = (subject: Ref, end: string) =>
  make.consent(subject, {
    category: [{ coding: [{ system: 'http://loinc.org', code: '57016-8' }] }],
    dateTime: '2027-01-10',
    performer: [{ reference: subject }],
    policyRule: {
      coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/consent-kind', code: 'patient-messaging' }],
    },
    provision: {
      type: 'permit',
      period: { start: '2027-01-01', end },
      code: [
        { coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/message-channel', code: 'portal' }] },
      ],
    },
  });

let world: World;
let patient: Ref;
beforeAll(async () => {
  world = await openWorld({
    store: { clock },
    engine: { clock, findWays: async (...asked) => (ways ?? INBOX)(...asked) },
  });
  await world.seedDirectory(
    'clinic',
    'specialist',
    'pantry',
    ...Object.keys(STATES).map((one) => `v-${one}`),
  );
  await setKinds(world, 'Organization/pantry', 'community-organization');
  for (const [state, spec] of Object.entries(STATES)) {
    await setKinds(world, vendor(state), 'business-associate');
    if (spec !== undefined)
      await putContract(world.store, state, { ...spec, principal: A, associate: vendor(state) });
  }
  patient = refOf(await world.create(callerFor(A), make.patient()));
});
afterAll(() => world.close());

const callerFor = (organization: Ref) => callerOf(organization.replace('Organization/', ''));

interface Part {
  readonly name: string;
  readonly resource?: Resource;
  readonly part?: readonly Part[];
  readonly [value: string]: unknown;
}

let asked = 0;

/** Asks the operation; each question as another client, unless one is named. */
async function ask(
  who: Ref,
  type: 'Communication' | 'ServiceRequest',
  parameter: readonly object[],
  client = `client-${(asked += 1)}`,
): Promise<{ readonly code?: string; readonly parts: readonly (readonly Part[])[] }> {
  const text = JSON.stringify({ resourceType: 'Parameters', parameter });
  try {
    const { resource } = await world.engine.perform({
      interaction: 'operation',
      type,
      operation: 'can-send',
      query: [],
      queryText: '',
      body: parseJson(text),
      prefer: {},
      caller: { ...callerFor(who), client },
      requestId: 'request-1',
      signal: new AbortController().signal,
    });
    const { parameter: out = [] } = resource as unknown as { parameter?: readonly Part[] };
    return { parts: out.map(({ part = [] }) => part) };
  } catch (error) {
    if (error instanceof OperationOutcomeError) return { code: error.code, parts: [] };
    throw error;
  }
}

const recipientOf = (to: Ref) => ({ name: 'recipient', valueReference: { reference: to } });
const valueOf = (parts: readonly Part[], name: string): unknown => {
  const found = parts.find((one) => one.name === name);
  return found === undefined
    ? undefined
    : Object.entries(found).find(([key]) => key.startsWith('value'))?.[1];
};
const outcomeOf = (parts: readonly Part[]): string => {
  const { resource } = parts.find(({ name }) => name === 'outcome') ?? {};
  const { issue = [] } = (resource ?? {}) as { issue?: readonly { diagnostics?: string }[] };
  return issue[0]?.diagnostics ?? '';
};

describe('(baa-messaging PF2) a closed gate answers 200 with allowed false', () => {
  // prettier-ignore
  test.each([
    ['none',    false, /^There is no business associate agreement between clinic and v-none\. .+ Start one: Contract\.$/],
    ['staging', false, /^The agreement with v-staging is being prepared and has not been sent\. Contract\/staging$/],
    ['pending', false, /^The agreement with v-pending waits for .+'s signature since 2026-01-20\. Contract\/pending$/],
    ['active',  true,  /^$/],
    ['expired', false, /^The agreement with v-expired ended on 2026-12-31\. Renew it: Contract\/expired\.$/],
    ['revoked', false, /^The agreement with v-revoked was revoked on 2026-12-31\. Contract\/revoked$/],
  ] as const)('%s', async (state, allowed, words) => {
    const [parts = []] = (await ask(A, 'Communication', [recipientOf(vendor(state))])).parts;
    expect(valueOf(parts, 'allowed')).toBe(allowed);
    expect(valueOf(parts, 'content')).toBe('phi');
    expect(outcomeOf(parts)).toMatch(words);
    const agreed = parts.find(({ name }) => name === 'agreement')?.part ?? [];
    expect(valueOf(agreed, 'state')).toBe(state);
    const gate = parts.find(({ name }) => name === 'gate')?.part ?? [];
    expect([valueOf(gate, 'rule'), valueOf(gate, 'vote'), valueOf(gate, 'law')]).toEqual([
      'BA4',
      allowed ? 'permit' : 'deny',
      '45 CFR 164.502(e)(1)',
    ]);
    expect(valueOf(parts, 'need')).toBe(allowed ? undefined : 'agreement');
  });

  test('the gate permits nothing that it would stop, whatever is refused before it', async () => {
    const subject = { name: 'subject', valueReference: { reference: 'Patient/nobody' } };
    for (const state of ['none', 'expired', 'active']) {
      const [parts = []] = (await ask(A, 'Communication', [recipientOf(vendor(state)), subject])).parts;
      const votes = parts
        .filter(({ name }) => name === 'gate')
        .map(({ part = [] }) => `${String(valueOf(part, 'rule'))} ${String(valueOf(part, 'vote'))}`);
      expect(votes).toEqual([`BA4 ${state === 'active' ? 'permit' : 'deny'}`, 'reference-not-found deny']);
    }
  });

  test('an agreement that ends within thirty days is warned of', async () => {
    const [parts = []] = (await ask(A, 'Communication', [recipientOf(vendor('active'))])).parts;
    expect(valueOf(parts, 'warning')).toBe('The agreement expires in 12 days.');
  });

  test('between providers no agreement is spoken of', async () => {
    const [parts = []] = (await ask(A, 'Communication', [recipientOf('Organization/specialist')])).parts;
    expect(parts.map(({ name }) => name)).toEqual(['reference', 'allowed', 'content', 'basis', 'rail']);
    expect(valueOf(parts, 'basis')).toBe('treatment');
    expect(valueOf(parts, 'allowed')).toBe(true);
  });

  test('each recipient has its answer, in order; nobody is written to', async () => {
    const before = world.store.status().seq;
    const { parts } = await ask(A, 'Communication', [
      recipientOf(vendor('none')),
      recipientOf(vendor('active')),
      { name: 'category', valueCode: 'administrative' },
    ]);
    expect(parts.map((one) => [valueOf(one, 'allowed'), valueOf(one, 'content')])).toEqual([
      [true, 'administrative'],
      [true, 'administrative'],
    ]);
    expect(world.store.status().seq).toBe(before + 1); // the audit row
    const { entry = [] } = await world.bundle(callerFor(A), 'Communication');
    expect(entry).toEqual([]);
    const rows = await world.bundle(callerFor(A), `AuditEvent?entity=${vendor('none')}`);
    expect(JSON.stringify(rows)).toContain(vendor('active'));
  });

  test('a referral: the basis that the server would write, and what nothing permits', async () => {
    const order = make.serviceRequest({ subject: patient, requester: A, performer: 'Organization/pantry' });
    const { parts } = await ask(A, 'ServiceRequest', [
      { name: 'message', resource: order },
      recipientOf('Organization/specialist'),
      recipientOf('Organization/pantry'),
      recipientOf(vendor('expired')),
    ]);
    expect(parts.map((one) => [valueOf(one, 'allowed'), valueOf(one, 'basis')])).toEqual([
      [true, 'treatment'],
      [false, undefined],
      [false, undefined],
    ]);
    expect(valueOf(parts[1] ?? [], 'need')).toBe('authorization');
    expect(outcomeOf(parts[1] ?? [])).toMatch(/^Nothing permits telling pantry this/);
  });
});

describe('(baa-messaging 6) beside whether it is allowed', () => {
  const textsOf = (parts: readonly Part[]) =>
    parts.filter(({ name }) => name === 'warning').map(({ valueString }) => valueString);
  const purposeOf = (valueCode: string) => ({ name: 'purpose', valueCode });
  const about = () => ({ name: 'subject', valueReference: { reference: patient } });

  test('an order claims its basis by the purpose', async () => {
    const told = async (to: Ref, purpose: string) => {
      const [parts = []] = (await ask(A, 'ServiceRequest', [recipientOf(to), about(), purposeOf(purpose)]))
        .parts;
      return [valueOf(parts, 'allowed'), valueOf(parts, 'basis')];
    };
    expect(await told('Organization/specialist', 'TREAT')).toEqual([true, 'treatment']);
    expect(await told('Organization/specialist', 'HPAYMT')).toEqual([false, 'payment']); // it wants evidence
    expect(await told(vendor('active'), 'HOPERAT')).toEqual([false, 'business-associate']); // it wants a reason
    expect((await told(vendor('expired'), 'HOPERAT'))[0]).toBe(false);
    expect((await ask(A, 'ServiceRequest', [recipientOf(A), purposeOf('HMARKT')])).code).toBe(
      'parameter-invalid',
    );
  });

  test('a message is told for what its relation is: another purpose is warned of', async () => {
    const told = async (purpose: string) =>
      textsOf(
        (await ask(A, 'Communication', [recipientOf('Organization/specialist'), purposeOf(purpose)]))
          .parts[0] ?? [],
      );
    expect(await told('TREAT')).toEqual([]);
    expect(await told('HOPERAT')).toEqual(['It would be told for TREAT, and not for HOPERAT.']);
  });

  test('of a patient, what it acknowledged: missing, in force, over', async () => {
    const consentOf = async () => {
      const [parts = []] = (
        await ask(A, 'Communication', [
          { name: 'recipient', valueReference: { reference: patient } },
          about(),
        ])
      ).parts;
      const found = parts.find(({ name }) => name === 'consent')?.part ?? [];
      const rail = parts.find(({ name }) => name === 'rail')?.part ?? [];
      return [
        valueOf(parts, 'allowed'),
        valueOf(found, 'state'),
        valueOf(found, 'reference'),
        valueOf(rail, 'code'),
      ];
    };
    expect(await consentOf()).toEqual([false, 'missing', undefined, 'portal']);
    const consent = refOf(await world.create(callerFor(A), messagingConsent(patient, '2027-02-01')));
    expect(await consentOf()).toEqual([true, 'active', { reference: consent }, 'portal']);
    clock.at = Date.parse('2027-02-03T08:00:00Z');
    expect(await consentOf()).toEqual([false, 'expired', { reference: consent }, 'portal']);
    clock.at = MORNING;
  });

  test('what is trimmed for a community organization, and what goes with the notice of 42 CFR 2.32', async () => {
    const order = make.serviceRequest({ subject: patient, requester: A, performer: 'Organization/pantry' });
    const claimed = withFoundBasis('treatment-own')(order as Resource);
    const health = {
      ...claimed,
      category: [{ coding: [{ system: 'http://snomed.info/sct', code: '409063005' }] }],
    };
    const [trimmed = []] = (
      await ask(A, 'ServiceRequest', [
        { name: 'message', resource: health },
        recipientOf('Organization/pantry'),
      ])
    ).parts;
    expect([outcomeOf(trimmed), valueOf(trimmed, 'warning')]).toEqual([
      '',
      'It will be trimmed to the row community of the payload table.',
    ]);
  });
});

describe('(baa-messaging BA18) the ways to a recipient and who operates each', () => {
  const hisp: Ref = 'Organization/hisp';
  const mailbox = (id: string, at: string): Channel => ({
    rail: at,
    endpoint: `Endpoint/${id}`,
    verified: true,
    distance: 1,
  });
  const waysBy =
    (isMember: boolean, carriers: readonly string[], ...channels: readonly Channel[]): FindWays =>
    (asked, now) =>
      createFindWays(
        {
          rails: new Set(channels.map(({ rail }) => rail)),
          endpointsOf: async () =>
            channels.map(({ endpoint, rail }) => ({
              custodian: '',
              resource: {
                resourceType: 'Endpoint',
                id: endpoint.slice('Endpoint/'.length),
                status: 'active',
                connectionType: { code: rail },
              },
            })),
          direct: {
            isMember: async () => isMember,
            isVerified: async () => true,
            cameBy: async () => undefined,
          },
          wayTo: (teller, rail, endpoint) =>
            readWay(now, { rail, endpoint }, readCarriers(carriers), teller, clock.at),
        },
        clock,
      )(asked, now);

  const railsOf = async (type: 'Communication' | 'ServiceRequest', findWays: FindWays, rail?: string) => {
    ways = findWays;
    const asked = [
      recipientOf('Organization/specialist'),
      { name: 'subject', valueReference: { reference: patient } },
    ];
    const one = rail === undefined ? [] : [{ name: 'rail', valueCode: rail }];
    const [parts = []] = (await ask(A, type, [...asked, ...one])).parts;
    ways = undefined;
    const told = parts
      .filter(({ name }) => name === 'rail')
      .map(({ part = [] }) => {
        const carrier = part.find(({ name }) => name === 'carrier')?.part ?? [];
        const agreed = carrier.find(({ name }) => name === 'agreement')?.part ?? [];
        return [
          valueOf(part, 'code'),
          valueOf(part, 'taken'),
          valueOf(part, 'why'),
          valueOf(agreed, 'state'),
        ];
      });
    return {
      told,
      warnings: parts.filter(({ name }) => name === 'warning').map((one) => one['valueString']),
      allowed: valueOf(parts, 'allowed'),
    };
  };
  const link = mailbox('link', 'hl7v2-mllp');
  const mail = mailbox('mail', 'direct-project');
  const closed = 'hl7v2-mllp is run by hisp, with whom there is no agreement in force. Contract';
  const nowhere = 'No way of this server leads there: a work item asks a person to deliver it.';

  test('who has an account reads a message here; anybody else gets it by Direct', async () => {
    expect(await railsOf('Communication', waysBy(true, [], link, mail))).toEqual({
      told: [['inbox', true, undefined, undefined]],
      warnings: [],
      allowed: true,
    });
    expect((await railsOf('Communication', waysBy(false, [], link, mail))).told).toEqual([
      ['direct-project', true, undefined, undefined],
      ['hl7v2-mllp', false, 'not-preferred', undefined],
    ]);
  });

  test('a referral goes by the link, and where its carrier has no agreement, by the next way', async () => {
    await world.seedDirectory('hisp');
    expect((await railsOf('ServiceRequest', waysBy(false, [], link, mail))).told).toEqual([
      ['hl7v2-mllp', true, undefined, undefined],
      ['direct-project', false, 'not-preferred', undefined],
    ]);
    expect(await railsOf('ServiceRequest', waysBy(false, [`hl7v2-mllp=${hisp}`], link, mail))).toEqual({
      told: [
        ['direct-project', true, undefined, undefined],
        ['hl7v2-mllp', false, 'carrier-agreement', 'none'],
      ],
      warnings: [closed],
      allowed: true,
    });
  });

  test('one way is asked about: there, closed, not there', async () => {
    const only = waysBy(false, [`hl7v2-mllp=${hisp}`], link);
    expect(await railsOf('ServiceRequest', only, 'hl7v2-mllp')).toEqual({
      told: [['hl7v2-mllp', false, 'carrier-agreement', 'none']],
      warnings: [closed, nowhere],
      allowed: true,
    });
    expect((await railsOf('ServiceRequest', only, 'fax')).told).toEqual([
      ['fax', false, 'no-endpoint', undefined],
    ]);
    await putContract(world.store, 'hisp', { principal: A, associate: hisp, services: ['it-hosting'] });
    expect((await railsOf('ServiceRequest', only, 'hl7v2-mllp')).told).toEqual([
      ['hl7v2-mllp', true, undefined, 'active'],
    ]);
  });
});

describe('(baa-messaging PF3) who works for others learns of its own agreements alone', () => {
  test('an agreement in preparation is none, and one that ended is named', async () => {
    const stateSeenBy = async (state: string) => {
      const [parts = []] = (await ask(vendor(state), 'Communication', [recipientOf(A)])).parts;
      const agreed = parts.find(({ name }) => name === 'agreement')?.part ?? [];
      return [valueOf(agreed, 'state'), valueOf(agreed, 'reference'), outcomeOf(parts)];
    };
    const paused = 'Messages with health information are paused: no agreement with clinic is in force.';
    expect(await stateSeenBy('staging')).toEqual(['none', undefined, paused]);
    expect(await stateSeenBy('none')).toEqual(['none', undefined, paused]);
    expect(await stateSeenBy('expired')).toEqual(['expired', { reference: 'Contract/expired' }, paused]);
    expect(await stateSeenBy('active')).toEqual(['active', { reference: 'Contract/active' }, '']);
  });

  test('the agreements of others are not spoken of, nor what a patient denies', async () => {
    const own = refOf(await world.create(callerFor(vendor('active')), make.patient()));
    await world.create(callerFor(vendor('active')), make.consent(own, { provision: { type: 'deny' } }));
    const { parts } = await ask(vendor('active'), 'Communication', [
      recipientOf(A),
      recipientOf(vendor('expired')),
      { name: 'subject', valueReference: { reference: own } },
    ]);
    expect(parts.map((one) => valueOf(one, 'need'))).toEqual(['other', 'other']);
    expect(JSON.stringify(parts)).not.toContain('Contract/expired');
    expect(JSON.stringify(parts)).not.toContain('patient does not want');
  });
});

describe('(baa-messaging PF4) bounds', () => {
  test('51 recipients are refused', async () => {
    const many = (count: number) => Array.from({ length: count }, () => recipientOf(vendor('none')));
    expect((await ask(A, 'Communication', many(51))).code).toBe('parameter-invalid');
    expect((await ask(A, 'Communication', many(50))).parts).toHaveLength(50);
  });

  test('a client that asks very often waits, and another does not', async () => {
    const once = (client: string) => ask(A, 'Communication', [recipientOf(vendor('none'))], client);
    for (let time = 0; time < 60; time += 1) expect((await once('hasty')).code).toBeUndefined();
    expect((await once('hasty')).code).toBe('too-many-requests');
    expect((await once('calm')).code).toBeUndefined();
    clock.at += 60_000;
    expect((await once('hasty')).code).toBeUndefined();
    clock.at = MORNING;
  });

  test('what is asked of another type is refused, and nobody but an organization asks', async () => {
    const communication = { name: 'message', resource: make.communication([]) };
    const { code } = await ask(A, 'ServiceRequest', [communication, recipientOf(vendor('none'))]);
    expect(code).toBe('resource-type-mismatch');
    expect((await ask(A, 'Communication', [])).code).toBe('parameter-invalid');
  });
});

test('(baa-messaging PF1) it is allowed if and only if sending at the same instant succeeds', async () => {
  const organizations: readonly Ref[] = [
    A,
    'Organization/specialist',
    'Organization/pantry',
    ...Object.keys(STATES).map(vendor),
  ];
  const texts = ['Please sign.', 'Her number is 219-09-9999.', 'x'.repeat(2001)];
  const patients = new Map<Ref, Ref>();
  for (const one of organizations)
    patients.set(one, refOf(await world.create(callerFor(one), make.patient())));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...organizations),
      fc.constantFrom(...organizations),
      fc.constantFrom(undefined, 'phi', 'administrative', 'agreement', 'notice'),
      fc.constantFrom(...texts),
      fc.boolean(),
      fc.constantFrom('Communication', 'ServiceRequest'),
      async (from, to, category, text, isAboutPatient, type) => {
        const subject = patients.get(from) ?? patient;
        const message =
          type === 'ServiceRequest'
            ? make.serviceRequest({ subject, requester: from, performer: to })
            : {
                resourceType: 'Communication',
                status: 'in-progress',
                ...(category !== undefined && {
                  category: [{ coding: [{ system: CONTENT, code: category }] }],
                }),
                ...(isAboutPatient && { subject: { reference: subject } }),
                sender: { reference: from },
                recipient: [{ reference: to }],
                payload: [{ contentString: text }],
              };
        const { parts } = await ask(from, type, [{ name: 'message', resource: message }]);
        const { status } = await world.ask(callerFor(from), 'POST', type, message);
        expect(valueOf(parts[0] ?? [], 'allowed')).toBe(status === 201);
      },
    ),
    { numRuns: 150 },
  );
});
