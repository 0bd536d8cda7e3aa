/** A referral to a community organization, with a chart behind the order. */
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { PARTY_KIND_SYSTEM } from '../../../src/resources/parties/kinds.ts';
import * as make from '../../resources.ts';
import { administrator, callerOf, initiator, openWorld, refOf, type World } from '../../world.ts';

export const cbo = callerOf('cbo');

export const ofKind = (id: string, ...kinds: readonly string[]): Resource =>
  make.organization(id, {
    type: [{ coding: kinds.map((code) => ({ system: PARTY_KIND_SYSTEM, code })) }],
  });

/** What makes an order one for social care. */
export const SOCIAL = {
  category: [{ coding: [{ system: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-tags', code: 'sdoh' }] }],
};

export interface Scene {
  readonly world: World;
  readonly patient: Ref;
  readonly order: Ref;
  readonly task: Ref;
  /** What the order refers to, and the row does not name. */
  readonly left: readonly Ref[];
}

const MRN = { system: make.MRN_SYSTEM, value: 'MRN-4711' };
const GP = 'Practitioner/gp';

/** The referral was sent before an administrator said what the receiver is: its order names more than the row. */
export async function openScene(receiver = 'cbo'): Promise<Scene> {
  const world = await openParties();
  const referral = await refer(world, receiver);
  await world.ask(administrator, 'PUT', 'Organization/cbo', ofKind('cbo', 'community-organization'));
  return { world, ...referral };
}

export async function openParties(): Promise<World> {
  const world = await openWorld();
  await world.seedDirectory('initiator', 'recipient', 'cbo', 'stranger', 'school');
  await world.ask(administrator, 'PUT', GP, { resourceType: 'Practitioner', id: 'gp' });
  return world;
}

/** One referral of the initiator's, with a chart. */
export async function refer(world: World, receiver: string): Promise<Omit<Scene, 'world'>> {
  const create = async (resource: Resource): Promise<Ref> => refOf(await world.create(initiator, resource));
  const patient = await create(
    make.patient({
      identifier: [MRN],
      name: [{ family: 'Everywoman', given: ['Eve'] }],
      gender: 'female',
      birthDate: '1962-07-19',
      generalPractitioner: [make.to(GP)],
      managingOrganization: make.to('Organization/initiator'),
    }),
  );
  const binary = await create(make.binary('a clinical letter'));
  const left = [
    await create(make.condition(patient)),
    await create(make.observation(patient)),
    await create(make.documentReference(patient, binary)),
    await create(make.coverage(patient, patient)),
  ];
  const [condition = '/', observation = '/', document = '/', coverage = '/'] = left;
  const order = await create(
    make.serviceRequest(
      {
        subject: patient,
        requester: 'PractitionerRole/initiator',
        performer: `PractitionerRole/${receiver}`,
      },
      {
        code: { text: 'food' },
        priority: 'urgent',
        patientInstruction: 'Come on an empty stomach.',
        reasonCode: [
          { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'Z59.41' }], text: 'hungry' },
          { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'E11.9' }], text: 'diabetes' },
        ],
        reasonReference: [{ ...make.to(condition), display: 'diabetes' }],
        supportingInfo: [make.to(observation), make.to(document)],
        insurance: [make.to(coverage)],
      },
    ),
  );
  const { entry: [found] = [] } = await world.bundle(initiator, `Task?focus=${order}`);
  return { patient, order, task: refOf(found?.resource as unknown as Resource), left: [...left, binary] };
}
