/** Reviews that come by themselves (audit-compliance AU60; compliance E6): one a week and member, and urgent when overdue. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { escalateReviews } from '../../../src/operations/reviews/overdue.ts';
import { reviewActivity } from '../../../src/operations/reviews/weekly.ts';
import { handClock } from '../../contract/store-world.ts';
import * as make from '../../resources.ts';
import {
  administrator,
  callerOf,
  initiator,
  openWorld,
  refOf,
  type Stored,
  type World,
} from '../../world.ts';

const DAY = 24 * 60 * 60_000;
/** A Wednesday. */
const clock = handClock(Date.UTC(2026, 5, 3));
const never = new AbortController().signal;
let world: World;
let made = 0;
const parts = () => ({
  store: world.store,
  clock,
  newId: () => `review-${(made += 1)}`,
  committed: () => undefined,
  selectRecipients: async () => [],
});
beforeAll(async () => {
  world = await openWorld({ store: { clock }, engine: { clock } });
  await world.seedDirectory('initiator', 'recipient');
  for (const id of ['initiator', 'recipient'])
    await world.ask(administrator, 'POST', `Organization/${id}/$admit`);
});
afterAll(() => world.close());

const reviewsOf = async (who = initiator) =>
  ((await world.bundle(who, 'Task?code=activity-review&_sort=-_lastUpdated')).entry ?? []).map(
    ({ resource }) => resource as unknown as Stored, // Tasks
  );

describe('(audit-compliance AU60) the weekly review', () => {
  test('comes once for each member, with what stands out', async () => {
    const patient = await world.create(initiator, make.patient());
    await world.ask(callerOf('initiator', { user: 'Practitioner/curious' }), 'GET', 'Patient/none');
    await world.ask(initiator, 'GET', `${refOf(patient)}/$everything`);
    await reviewActivity(parts(), never);
    const before = await reviewsOf();
    clock.at += 7 * DAY;
    await reviewActivity(parts(), never);
    await reviewActivity(parts(), never);
    const reviews = await reviewsOf();
    expect(reviews.length).toBe(before.length + 1);
    const [review] = reviews;
    const page = ((review?.['input'] ?? []) as { type: { text: string }; valueString: string }[]).map(
      ({ type, valueString }) => `${type.text} ${valueString}`,
    );
    expect(page).toContain('denial something was refused: Practitioner/curious, 1');
    expect(page).toContain('export whole records were taken out: client-initiator, 1');
    expect(review).toMatchObject({ status: 'requested', owner: { reference: 'Organization/initiator' } });
    expect((await reviewsOf(callerOf('recipient'))).map(refOf)).not.toContain(refOf(review!));
  });

  test('a quiet week says so', async () => {
    clock.at += 7 * DAY;
    await reviewActivity(parts(), never);
    clock.at += 7 * DAY;
    await reviewActivity(parts(), never);
    const [quiet] = await reviewsOf(callerOf('recipient'));
    expect(quiet?.['description']).toMatch(/nothing stands out/);
    expect(quiet?.['input']).toBeUndefined();
  });

  test('is signed by its reviewer, and ends by that alone', async () => {
    const [review] = await reviewsOf();
    const ref = refOf(review!);
    const officer = callerOf('initiator', {
      user: 'Practitioner/officer',
      serverScopes: ['closeloop/privacy'],
    });
    expect((await world.ask(initiator, 'PUT', ref, { ...review, status: 'completed' })).code).toBe(
      'field-frozen',
    );
    const signed = await world.ask(officer, 'POST', `${ref}/$review`, {
      resourceType: 'Parameters',
      parameter: [{ name: 'result', valueCode: 'justified' }],
    });
    expect(signed.status).toBe(200);
    const { entry = [] } = await world.bundle(initiator, `Provenance?target=${ref}`);
    expect(entry[0]?.resource).toMatchObject({
      signature: [{ who: { identifier: { value: 'Practitioner/officer' } } }],
    });
  });

  test('(compliance E6) overdue, it becomes urgent, once', async () => {
    const [open] = (await reviewsOf()).filter((one) => one['status'] === 'requested');
    const ref = refOf(open!);
    await escalateReviews(parts(), never);
    expect((await world.ask(initiator, 'GET', ref)).json?.['priority']).toBeUndefined();
    clock.at += 60 * DAY;
    await escalateReviews(parts(), never);
    const escalated = (await world.ask(initiator, 'GET', ref)).json;
    expect(escalated).toMatchObject({ priority: 'stat', businessStatus: { text: 'overdue' } });
    await escalateReviews(parts(), never);
    expect((await world.ask(initiator, 'GET', ref)).json?.meta?.versionId).toBe(escalated?.meta?.versionId);
  });
});
