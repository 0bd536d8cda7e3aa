/**
 * Every type that is about somebody, in the sight of three organizations (rules 2.2): a recipient sees it by each path that
 * a declaration names, and by no other; a stranger never does; an application that a patient opened sees that patient's.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import type { Caller } from '../../../src/operations/request.ts';
import { compartmentParameters } from '../../../src/resources/compartment.ts';
import { isDirectory, RESOURCE_TYPES } from '../../../src/resources/index.ts';
import { searchParameters } from '../../../src/resources/search-parameters.ts';
import type { ElementType } from '../../../src/resources/validation/structure.ts';
import { PARTY_TYPES } from '../../../src/resources/parties/standing.ts';
import * as make from '../../resources.ts';
import {
  administrator,
  callerOf,
  initiator,
  openWorld,
  recipient,
  refOf,
  refsOf,
  stranger,
  type Stored,
  type World,
} from '../../world.ts';
import { leanest, leanestWith, propertyOf } from '../validation/fullest.ts';

let world: World;
let patient: Stored;
/** What a referral of these two reaches. */
let reached: Readonly<Record<string, Ref>>;
beforeAll(async () => {
  world = await openWorld({ settings: { openTaskForServiceRequest: false } });
  await world.seedDirectory('initiator', 'recipient', 'stranger');
  patient = await world.create(initiator, make.patient());
  const task = await refer({});
  const order = (task['focus'] as { reference: string }).reference;
  const visit = await world.create(
    recipient,
    make.appointment(order, refOf(patient), { status: 'proposed' }),
  );
  const question = await world.create(recipient, make.communication([order]));
  reached = Object.fromEntries([task, visit, question].map((one) => [one.resourceType, refOf(one)]));
  reached = { ...reached, ServiceRequest: order as Ref };
});
afterAll(() => world.close());

/** Sends a referral whose Task, and whose order, have these elements, too. */
async function refer(more: object, ordered: object = {}): Promise<Stored> {
  const parties = { requester: 'Organization/initiator', performer: 'Organization/recipient' };
  const order = await world.create(
    initiator,
    make.serviceRequest({ subject: refOf(patient), ...parties }, { ...ordered }),
  );
  const referral = { focus: refOf(order), for: refOf(patient), requester: parties.requester };
  return world.create(initiator, make.task({ ...referral, owner: parties.performer }, { ...more }));
}

const referWith = (ref: Ref): Promise<Stored> => refer({ input: [make.parameter(ref)] });

/** How each of the three is answered. */
async function statusesOf(ref: Ref): Promise<readonly number[]> {
  const callers: readonly Caller[] = [initiator, recipient, stranger];
  const statuses: number[] = [];
  for (const caller of callers) statuses.push((await world.ask(caller, 'GET', ref)).status);
  const [type = '', id = ''] = ref.split('/');
  for (const [at, caller] of callers.entries()) {
    const { total } = await world.bundle(caller, `${type}?_id=${id}&_total=accurate`);
    expect([ref, at, total]).toEqual([ref, at, statuses[at] === 200 ? 1 : 0]);
  }
  return statuses;
}

const ITS_KEEPER_ALONE = [200, 404, 404];
const BOTH_PARTIES = [200, 200, 404];
const EVERYONE = [200, 200, 200];

/** The type of an element at a path of a declaration. */
function typeAt(type: string, path: string): ElementType {
  const steps = path.replaceAll('*', '').split('.');
  return steps.reduce<ElementType>((at, step) => propertyOf(at.code, step).valueType, {
    code: type,
    targets: [],
    attribute: false,
  });
}

/** A type that a path may lead to and that not everyone sees; undefined when there is none. */
function targetAt(type: string, path: string): string | undefined {
  const { code, targets } = typeAt(type, path);
  if (code !== 'Reference') return 'Binary';
  const orders = new Set(['Task', 'ServiceRequest']);
  const hidden = targets.filter((target) => RESOURCE_TYPES.has(target) && !isDirectory(target));
  return targets.length === 0 ? 'Observation' : (hidden.find((target) => !orders.has(target)) ?? hidden[0]);
}

/** An address where the path ends in one, else a Reference. */
const valueFor = (type: string, path: string, ref: Ref): unknown =>
  typeAt(type, path).code === 'Reference' ? make.to(ref) : ref;

const DECLARED = [...RESOURCE_TYPES.values()];
/** Neither written by clients nor seen by what they refer to. */
const KEPT = DECLARED.filter(({ renderedFromAudit, directory }) => !renderedFromAudit && !directory);
const ROOTS: ReadonlySet<string> = new Set(['Task', 'ServiceRequest', 'Subscription']);

describe('alone', () => {
  test.each(KEPT.map(({ type }) => type).filter((type) => !ROOTS.has(type)))(
    '%s is seen by its keeper, with a referral by both parties',
    async (type) => {
      const ref = refOf(await world.create(initiator, leanest(type)));
      expect(await statusesOf(ref)).toEqual(ITS_KEEPER_ALONE);
      await referWith(ref);
      expect(await statusesOf(ref)).toEqual(BOTH_PARTIES);
    },
  );

  test.each(DECLARED.filter(({ directory }) => directory).map(({ type }) => type))(
    '%s is seen by everyone, and written by its keeper alone',
    async (type) => {
      // What an organization says of a party outside is its own; the directory has what an administrator says.
      const as = PARTY_TYPES.has(type) ? administrator : initiator;
      const stored = await world.create(as, leanest(type));
      expect(await statusesOf(refOf(stored))).toEqual(EVERYONE);
      for (const caller of [recipient, stranger]) {
        const written = await world.ask(caller, 'PUT', refOf(stored), { ...stored, language: 'de' });
        expect([written.status, written.code]).toEqual([403, 'not-custodian']);
      }
    },
  );
});

/** Parties, subject and output of a referral have rules of their own: the tests of the loop are about them. */
const OF_THE_REFERRAL: ReadonlySet<string> = new Set([
  'Task.focus',
  'Task.for',
  'Task.requester',
  'Task.owner',
  'Task.output.valueReference',
  'Task.output.valueAttachment.url',
  'ServiceRequest.subject',
  'ServiceRequest.requester',
  'ServiceRequest.performer',
]);
const CARRIED = KEPT.flatMap(({ type, carries = [] }) => carries.map((path) => [type, path] as const)).filter(
  ([type, path]) => !OF_THE_REFERRAL.has(`${type}.${path}`),
);

/** Sends a referral that brings a resource of a type in which `value` stands at a path. */
async function referBy(type: string, path: string, value: unknown): Promise<Ref> {
  const [top = ''] = path.split(/[.*]/);
  const more = { [top]: leanestWith(type, path, value)[top] };
  if (type === 'Task') return refOf(await refer(more));
  if (type === 'ServiceRequest') return refOf(await refer({}, more));
  const ref = refOf(await world.create(initiator, leanestWith(type, path, value)));
  await referWith(ref);
  return ref;
}

describe('a referral reaches onward', () => {
  test.each(CARRIED)('from %s by %s', async (type, path) => {
    const target = targetAt(type, path);
    if (target === undefined) throw new Error('everyone sees what stands there: the path says nothing');
    const ref = refOf(await world.create(initiator, leanest(target)));
    expect(await statusesOf(ref)).toEqual(ITS_KEEPER_ALONE);
    await referBy(type, path, valueFor(type, path, ref));
    expect(await statusesOf(ref)).toEqual(BOTH_PARTIES);
  });

  test.each(['Composition', 'QuestionnaireResponse', 'RequestGroup'])(
    'from every depth of %s',
    async (type) => {
      const name =
        { Composition: 'section', QuestionnaireResponse: 'item', RequestGroup: 'action' }[type] ?? '';
      const leaf =
        { Composition: 'entry', QuestionnaireResponse: 'answer', RequestGroup: 'participant' }[type] ?? '';
      const ref = refOf(await world.create(initiator, make.patient()));
      const answer = type === 'QuestionnaireResponse' ? { valueReference: make.to(ref) } : make.to(ref);
      const own = { Composition: {}, QuestionnaireResponse: { linkId: 'x' }, RequestGroup: {} }[type] ?? {};
      const inner = {
        ...own,
        [leaf]: [answer],
        ...(type === 'RequestGroup' && { resource: { display: 'x' } }),
      };
      const nested = [1, 2, 3, 4].reduce<object>((below) => ({ ...own, [name]: [below] }), inner);
      const carrier = await world.create(initiator, { ...leanest(type), [name]: [nested] });
      expect(await statusesOf(ref)).toEqual(ITS_KEEPER_ALONE);
      await referWith(refOf(carrier));
      expect(await statusesOf(ref)).toEqual(BOTH_PARTIES);
    },
  );
});

const FOLLOWED = ['Task', 'ServiceRequest', 'Appointment', 'Communication'];
const FOLLOWING = KEPT.flatMap(({ type, follows = [] }) =>
  follows.flatMap((path) => {
    const { targets } = typeAt(type, path);
    return FOLLOWED.filter((from) => targets.length === 0 || targets.includes(from)).map(
      (from) => [type, path, from] as const,
    );
  }),
);

describe('a referral is followed', () => {
  test.each(FOLLOWING)('by %s.%s to its %s', async (type, path, from) => {
    const to = reached[from] ?? 'Task/none';
    for (const [keeper, statuses] of [
      [initiator, BOTH_PARTIES],
      [recipient, BOTH_PARTIES],
    ] as const) {
      const ref = refOf(await world.create(keeper, leanestWith(type, path, make.to(to))));
      expect(await statusesOf(ref)).toEqual(statuses);
    }
    const apart = refOf(await world.create(initiator, leanestWith(type, path, { display: 'another' })));
    expect(await statusesOf(apart)).toEqual(ITS_KEEPER_ALONE);
  });

  test.each([
    ['BiologicallyDerivedProduct', 'request', 'a product may be for several patients'],
    ['CarePlan', 'activity.reference', 'a plan lists all that is planned'],
    ['Claim', 'referral', 'what a provider is paid is no business of the referring party'],
    ['ExplanationOfBenefit', 'referral', 'as a Claim'],
    ['Goal', 'addresses', 'a goal may be shared by several referrals'],
    ['List', 'entry.item', 'a worklist names the referrals of many'],
    ['MeasureReport', 'evaluatedResource', 'a report is about many'],
    ['PaymentReconciliation', 'detail.request', 'a payment is for many'],
    ['VerificationResult', 'target', 'whoever checked data is no party'],
    ['Consent', 'provision.data.reference', 'a consent may deny what it names'],
  ])('not by %s.%s: %s', async (type, path) => {
    const carrier = leanestWith(type, path, make.to(reached['ServiceRequest'] ?? ''));
    expect(await statusesOf(refOf(await world.create(initiator, carrier)))).toEqual(ITS_KEEPER_ALONE);
  });
});

describe('a referral reaches no further', () => {
  test.each([
    ['CarePlan', 'activity.reference', 'ServiceRequest'],
    ['RequestGroup', 'action.resource', 'ServiceRequest'],
    ['Goal', 'addresses', 'Condition'],
    ['Group', 'member.entity', 'Patient'],
    ['MeasureReport', 'evaluatedResource', 'Observation'],
    ['Encounter', 'diagnosis.condition', 'Condition'],
    ['EpisodeOfCare', 'diagnosis.condition', 'Condition'],
    ['Consent', 'provision.data.reference', 'Observation'],
    ['Consent', 'provision.actor.reference', 'RelatedPerson'],
    ['Observation', 'encounter', 'Encounter'],
    ['Patient', 'link.other', 'Patient'],
    ['RelatedPerson', 'patient', 'Patient'],
    ['Account', 'subject', 'Patient'],
    ['Account', 'guarantor.party', 'Patient'],
    ['BiologicallyDerivedProduct', 'collection.source', 'Patient'],
    ['ChargeItem', 'account', 'Account'],
    ['Encounter', 'account', 'Account'],
    ['Invoice', 'account', 'Account'],
    ['MedicationKnowledge', 'contraindication', 'DetectedIssue'],
    ['PaymentNotice', 'request', 'Claim'],
    ['PaymentReconciliation', 'detail.request', 'Claim'],
    ['Person', 'link.target', 'Patient'],
    ['Person', 'link.target', 'RelatedPerson'],
    ['ResearchStudy', 'enrollment', 'Group'],
    ['ResearchSubject', 'consent', 'Consent'],
    ['VerificationResult', 'target', 'Patient'],
  ])('from %s by %s', async (type, path, target) => {
    const ref = refOf(await world.create(initiator, leanest(target)));
    const carrier = await referBy(type, path, make.to(ref));
    expect(await statusesOf(carrier)).toEqual(BOTH_PARTIES);
    expect(await statusesOf(ref)).toEqual(ITS_KEEPER_ALONE);
  });

  test.each([
    ['Person', { link: [0, 1] }, 'target'],
    ['Account', { subject: [0, 1] }, undefined],
    ['Linkage', { item: [0, 1] }, 'resource'],
  ])('(harmony Z18) from one patient to another by a %s that names both', async (type, list, inner) => {
    const other = refOf(await world.create(initiator, make.patient()));
    const both = [make.to(refOf(patient)), make.to(other)];
    const [name = ''] = Object.keys(list);
    const named = both.map((one) =>
      inner === undefined ? one : { [inner]: one, ...(type === 'Linkage' && { type: 'source' }) },
    );
    const linking = refOf(await world.create(initiator, { ...leanest(type), [name]: named }));
    await referWith(linking);
    expect(await statusesOf(linking)).toEqual(BOTH_PARTIES);
    expect(await statusesOf(refOf(patient))).toEqual(BOTH_PARTIES);
    expect(await statusesOf(other)).toEqual(ITS_KEEPER_ALONE);
    const [, id = ''] = linking.split('/');
    const included = await world.bundle(recipient, `${type}?_id=${id}&_include=*`);
    expect(refsOf(included)).not.toContain(other);
    const [, otherId = ''] = other.split('/');
    expect(refsOf(await world.bundle(recipient, `Patient?_id=${otherId}&_revinclude=*:*`))).toEqual([]);
  });

  test('from what is published, to anybody', async () => {
    const hidden = refOf(await world.create(initiator, make.observation(refOf(patient))));
    const guide = leanestWith('ImplementationGuide', 'definition.resource.reference', make.to(hidden));
    const ref = refOf(await world.create(initiator, guide));
    expect(await statusesOf(ref)).toEqual(EVERYONE);
    expect(await statusesOf(hidden)).toEqual(ITS_KEEPER_ALONE);
    const [, id = ''] = ref.split('/');
    const search = `ImplementationGuide?_id=${id}&_include=ImplementationGuide:resource`;
    expect(refsOf(await world.bundle(stranger, search))).toEqual([ref]);
  });

  test('by an address that is no Binary: nobody asked whether its writer may read it', async () => {
    const foreign = refOf(
      await world.create(stranger, make.observation(refOf(await world.create(stranger, make.patient())))),
    );
    for (const url of [foreign, `${foreign}/_history/1`]) {
      await referBy('DocumentReference', 'content.attachment.url', url);
      expect(await statusesOf(foreign)).toEqual([404, 404, 200]);
    }
  });
});

/** Paths of a type that put it in a patient's compartment. */
const COMPARTMENT = KEPT.flatMap(({ type, patientCompartment }) =>
  compartmentParameters(type, patientCompartment).flatMap((code) =>
    (searchParameters(type).get(code)?.paths ?? [])
      .map(({ steps }) => steps.map(({ name }) => name).join('.'))
      .filter((path) => path !== '' && ['Patient', undefined].includes(patientAt(type, path)))
      .map((path) => [type, path] as const),
  ),
).filter(([type]) => !ROOTS.has(type));

function patientAt(type: string, path: string): string | undefined {
  const { targets } = typeAt(type, path);
  return targets.length === 0 ? undefined : (targets.find((target) => target === 'Patient') ?? 'none');
}

describe('an application that a patient opened', () => {
  test.each([...new Map(COMPARTMENT.map((each) => [each.join('.'), each])).values()])(
    'sees %s by %s of that patient alone',
    async (type, path) => {
      const other = await world.create(initiator, make.patient());
      const [own, others] = [
        refOf(await world.create(initiator, leanestWith(type, path, make.to(refOf(patient))))),
        refOf(await world.create(initiator, leanestWith(type, path, make.to(refOf(other))))),
      ];
      const opened = callerOf('initiator', { scope: 'patient/*.rs', patient: refOf(patient), client: 'app' });
      expect((await world.ask(opened, 'GET', own)).status).toBe(200);
      expect((await world.ask(opened, 'GET', others)).status).toBe(404);
      const seen = refsOf(await world.bundle(opened, `${type}?_count=1000`));
      expect(seen).toContain(own);
      expect(seen).not.toContain(others);
    },
  );

  test.each(
    KEPT.map(
      ({ type, patientCompartment }) => [type, compartmentParameters(type, patientCompartment)] as const,
    )
      .filter(([type, codes]) => codes.length === 0 && !ROOTS.has(type) && type !== 'Patient')
      .map(([type]) => type),
  )('sees no %s: it is in no compartment', async (type) => {
    const ref = refOf(await world.create(initiator, leanest(type)));
    const opened = callerOf('initiator', { scope: 'patient/*.rs', patient: refOf(patient), client: 'app' });
    expect((await world.ask(opened, 'GET', ref)).status).toBe(404);
    expect(refsOf(await world.bundle(opened, `${type}?_count=1000`))).toEqual([]);
  });
});

describe('who stands for a party is written by that party (rules 2.4, 2.5)', () => {
  const CASES: readonly (readonly [type: string, of: (id: string) => Resource])[] = [
    [
      'CareTeam',
      (id) => ({ resourceType: 'CareTeam', managingOrganization: [make.to(`Organization/${id}`)] }),
    ],
    ['Device', (id) => ({ resourceType: 'Device', owner: make.to(`Organization/${id}`) })],
    [
      'OrganizationAffiliation',
      (id) => ({ resourceType: 'OrganizationAffiliation', organization: make.to(`Organization/${id}`) }),
    ],
  ];

  test.each(CASES)('%s', async (_type, of) => {
    const forged = await world.ask(initiator, 'POST', of('x').resourceType, of('recipient'));
    expect([forged.status, forged.code]).toEqual([403, 'not-custodian']);
    const own = await world.create(initiator, of('initiator'));
    const given = await world.ask(initiator, 'PUT', refOf(own), { ...of('recipient'), id: own.id });
    expect([given.status, given.code]).toEqual([403, 'not-custodian']);
  });

  test.each(CASES.filter(([type]) => type !== 'OrganizationAffiliation'))(
    'a referral that is owned by a %s has its organization for a party',
    async (_type, of) => {
      const team = await world.create(recipient, of('recipient'));
      const hidden = await world.ask(initiator, 'GET', refOf(team));
      expect(hidden.status).toBe(404);
      // To refer to it the initiator must be able to read it: it was told of it.
      await world.create(
        recipient,
        make.communication([reached['Task'] ?? ''], {
          payload: [{ contentReference: make.to(refOf(team)) }],
        }),
      );
      const task = await refer({ owner: make.to(refOf(team)) });
      expect(await statusesOf(refOf(task))).toEqual(BOTH_PARTIES);
      const accept = [{ op: 'replace', path: '/status', value: 'accepted' }];
      expect((await world.ask(recipient, 'PATCH', refOf(task), accept)).status).toBe(200);
    },
  );
});
