/** Requests for a whole record: who must say why, and what the audit keeps of it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import type { Purpose } from '../../../src/policies/purpose.ts';
import type { Caller } from '../../../src/operations/request.ts';
import { neededOf } from '../../../src/operations/minimum/whole.ts';
import { SECTIONS } from '../../../src/ccda/write/templates.ts';
import { administrator, callerOf, initiator, resourcesOf, type World } from '../../world.ts';
import * as make from '../../resources.ts';
import { ofKind, openParties, refer } from './scene.ts';

let world: World;
let patient: Ref;
beforeAll(async () => {
  world = await openParties();
  ({ patient } = await refer(world, 'recipient'));
  await world.ask(administrator, 'PUT', 'Organization/recipient', ofKind('recipient', 'provider'));
  await world.ask(administrator, 'PUT', 'Organization/cbo', ofKind('cbo', 'community-organization'));
});
afterAll(() => world.close());

const recipient = callerOf('recipient');
const forPurpose = (caller: Caller, ...purposes: readonly Purpose[]): Caller => ({ ...caller, purposes });
const everything = (caller: Caller, query = '') => world.ask(caller, 'GET', `${patient}/$everything${query}`);

describe('(compliance M5) a whole record', () => {
  test.each([
    ['its keeper treats', initiator, []],
    ['its keeper treats, and says so', initiator, ['TREAT']],
    ['a provider treats', recipient, ['ETREAT']],
    ['the patient asks', initiator, ['PATRQT']],
  ] as const)('(compliance M1) needs no reason where %s', async (_who, caller, purposes) => {
    expect((await everything(forPurpose(caller, ...purposes))).status).toBe(200);
  });

  test.each([
    ['its keeper, for payment', initiator, ['HPAYMT']],
    ['its keeper, for operations', initiator, ['HOPERAT']],
    ['another, for payment', recipient, ['HPAYMT']],
  ] as const)('is refused to %s without a reason, and given with one', async (_who, caller, purposes) => {
    const asking = forPurpose(caller, ...purposes);
    const refused = await everything(asking);
    expect([refused.status, refused.code]).toEqual([422, 'minimum-necessary']);
    expect(refused.issues[0]?.diagnostics).toBe(
      'Name what the purpose needs, or say why the whole record is needed.',
    );
    expect((await everything(asking, '?justification=+')).code).toBe('minimum-necessary');
    expect((await everything(asking, '?justification=the+audit+of+2026')).status).toBe(200);
  });

  test('types that are named are no whole', async () => {
    expect((await everything(forPurpose(initiator, 'HPAYMT'), '?_type=Coverage')).status).toBe(200);
  });

  test('a document with every section is one, and no other', async () => {
    const asking = forPurpose(initiator, 'HOPERAT');
    const all = Object.keys(SECTIONS).map((name) => `section=${name}`);
    const whole = await world.ask(asking, 'GET', `${patient}/$ccda?${all.join('&')}`);
    expect([whole.status, whole.code]).toEqual([422, 'minimum-necessary']);
    const justified = await world.ask(asking, 'GET', `${patient}/$ccda?${all.join('&')}&justification=why`);
    expect(justified.status).toBe(200);
    expect((await world.ask(asking, 'GET', `${patient}/$ccda`)).status).toBe(200);
  });

  test('the audit keeps the reason, and (compliance M6) on whose word it was the minimum', async () => {
    await everything(forPurpose(recipient, 'HOPERAT'), '?justification=quality+of+care');
    const url = `AuditEvent?entity=${patient}&_count=200`;
    const detailsFor = async (caller: Caller) =>
      resourcesOf(await world.bundle(caller, url)).flatMap(({ entity }) =>
        (entity as readonly { detail?: readonly { type: string; valueString: string }[] }[]).flatMap(
          ({ detail = [] }) => detail,
        ),
      );
    const own = await detailsFor(recipient);
    expect(own).toContainEqual({ type: 'justification', valueString: 'quality of care' });
    expect(own).toContainEqual({ type: 'relied-on', valueString: 'provider' });
    const keepers = await detailsFor(initiator);
    expect(keepers).toContainEqual({ type: 'relied-on', valueString: 'provider' });
    // A peer's own words are the peer's.
    expect(keepers).not.toContainEqual({ type: 'justification', valueString: 'quality of care' });
  });

  test('a reason is no story', async () => {
    const { code } = await everything(forPurpose(initiator, 'HPAYMT'), `?justification=${'x'.repeat(2001)}`);
    expect(code).toBe('parameter-invalid');
  });
});

test('(compliance M1) 42 CFR 2.13(a): a whole record leaves out what a Part 2 program keeps, unless somebody says why', async () => {
  const part2 = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: '42CFRPart2' }];
  const own = await world.create(initiator, make.condition(patient, { meta: { security: part2 } }));
  const ids = async (caller: Caller, query = '') =>
    resourcesOf((await everything(caller, query)).json as never).map(({ id }) => id);
  expect(await ids(initiator)).toContain(own.id);
  const found = [
    { text: JSON.stringify(own), custodian: 'Organization/initiator' },
    { text: '{"resourceType":"Condition"}', custodian: 'Organization/initiator' },
  ] as const;
  expect(neededOf(found, initiator, {}, patient)).toEqual(found);
  expect(neededOf(found, recipient, {}, patient)).toEqual([found[1]]);
  expect(neededOf(found, recipient, { justification: 'why' }, patient)).toEqual(found);
  expect(neededOf(found, forPurpose(recipient, 'PATRQT'), {}, patient)).toEqual(found);
  // (compliance E1) A grant is for one patient.
  const under = (granted: Ref): Caller => ({ ...recipient, emergency: [{ key: 'g', patient: granted }] });
  expect(neededOf(found, under(patient), {}, patient)).toEqual(found);
  expect(neededOf(found, under('Patient/other'), {}, patient)).toEqual([found[1]]);
  expect(neededOf(found, under('Patient/other'), {}, 'Patient/other')).toEqual([found[1]]);
});
