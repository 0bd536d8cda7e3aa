/** The stage of the attacks: two referrals that share a recipient, what hangs on them, and what neither reaches. */
import type { Bundle } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import {
  initiator,
  openWorld,
  recipient,
  refOf,
  resourcesOf,
  stranger,
  type Stored,
  type World,
} from '../../world.ts';

/** Everything but `world` is a resource as it was stored; `hidden…` is seen by its initiator alone. */
export interface Scene {
  readonly world: World;
  /** From `initiator` to `recipient`: what the referral reaches. */
  readonly patient: Stored;
  readonly observation: Stored;
  readonly letter: Stored;
  readonly document: Stored;
  readonly request: Stored;
  readonly task: Stored;
  readonly question: Stored;
  /** Of the same Patient, kept by `initiator`, on no referral. */
  readonly hiddenConsent: Stored;
  readonly hiddenObservation: Stored;
  readonly hiddenLetter: Stored;
  /** About the Patient, not about the referral. */
  readonly hiddenTalk: Stored;
  /** A referral to `recipient` that was not sent yet. */
  readonly hiddenRequest: Stored;
  readonly hiddenDraft: Stored;
  /** Another Patient of `initiator`. */
  readonly hiddenPatient: Stored;
  /** From `stranger` to `recipient`. */
  readonly otherPatient: Stored;
  readonly otherRequest: Stored;
  readonly otherTask: Stored;
}

export const HIDDEN_MRN = '67890';

export async function openScene(): Promise<Scene> {
  const world = await openWorld();
  await world.seedDirectory('initiator', 'recipient', 'stranger');

  const patient = await world.create(initiator, make.patient());
  const letter = await world.create(initiator, make.binary('a letter for the recipient'));
  const document = await world.create(
    initiator,
    make.documentReference(refOf(patient), refOf(letter), { description: 'letter' }),
  );
  const observation = await world.create(initiator, make.observation(refOf(patient)));
  const request = await world.create(
    initiator,
    make.serviceRequest(
      {
        subject: refOf(patient),
        requester: 'PractitionerRole/initiator',
        performer: 'Organization/recipient',
      },
      { supportingInfo: [make.to(refOf(observation)), make.to(refOf(document))] },
    ),
  );
  const task = await taskOn(world, request);
  const question = await world.create(recipient, make.communication([refOf(task)]));

  const hiddenPatient = await world.create(
    initiator,
    make.patient({
      identifier: [{ system: make.MRN_SYSTEM, value: HIDDEN_MRN }],
      name: [{ family: 'Unseen', given: ['Uma'] }],
    }),
  );
  const hiddenRequest = await world.create(
    initiator,
    make.serviceRequest(
      {
        subject: refOf(hiddenPatient),
        requester: 'Organization/initiator',
        performer: 'Organization/recipient',
        placer: 'R-hidden',
      },
      { status: 'draft' },
    ),
  );
  const hiddenDraft = await world.create(
    initiator,
    make.task(
      {
        focus: refOf(hiddenRequest),
        for: refOf(hiddenPatient),
        requester: 'Organization/initiator',
        owner: 'Organization/recipient',
      },
      { status: 'draft' },
    ),
  );

  const otherPatient = await world.create(
    stranger,
    make.patient({ identifier: [{ system: make.MRN_SYSTEM, value: '24680' }] }),
  );
  const otherRequest = await world.create(
    stranger,
    make.serviceRequest({
      subject: refOf(otherPatient),
      requester: 'PractitionerRole/stranger',
      performer: 'PractitionerRole/recipient',
      placer: 'R-other',
    }),
  );
  return {
    world,
    patient,
    observation,
    letter,
    document,
    request,
    task,
    question,
    hiddenConsent: await world.create(initiator, make.consent(refOf(patient))),
    hiddenObservation: await world.create(
      initiator,
      make.observation(refOf(patient), {
        code: { coding: [{ system: 'http://loinc.org', code: '75622-1' }] },
      }),
    ),
    hiddenLetter: await world.create(initiator, make.binary('a letter for nobody else')),
    hiddenTalk: await world.create(
      initiator,
      make.communication([refOf(patient)], { subject: make.to(refOf(patient)) }),
    ),
    hiddenRequest,
    hiddenDraft,
    hiddenPatient,
    otherPatient,
    otherRequest,
    otherTask: await taskOn(world, otherRequest),
  };
}

/** The Task that opened by itself for a ServiceRequest. */
export async function taskOn(world: World, request: Stored): Promise<Stored> {
  const found: Bundle = await world.bundle(recipient, `Task?focus=${refOf(request)}`);
  const [task] = resourcesOf(found);
  if (task === undefined) throw new Error(`no Task opened for ${refOf(request)}`);
  return task;
}
