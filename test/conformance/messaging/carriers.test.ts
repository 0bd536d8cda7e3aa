/** Who runs a way to patients needs an agreement in force with the sender, at the instant of sending (baa-messaging BA18, MS35). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { outreachAddress } from '../../../src/delivery/outreach/address.ts';
import { refuseOutreach } from '../../../src/delivery/outreach/gate.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { wayTo } from '../../../src/operations/outreach/notify.ts';
import * as make from '../../resources.ts';
import { initiator, openWorld, refOf, type World } from '../../world.ts';
import { putContract } from '../gates/put-contract.ts';

let world: World;
let person: Ref;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'carrier');
  const telecom = [
    { system: 'email', value: 'jane@home.example' },
    { system: 'sms', value: '503-555-0142' },
  ];
  person = refOf(await world.create(initiator, make.patient({ telecom })));
  const principal = 'Organization/initiator';
  await putContract(world.store, 'texts', {
    principal,
    associate: 'Organization/carrier',
    services: ['sms'],
    start: '2026-01-01',
    end: '2026-12-31',
  });
});
afterAll(() => world.close());

const organization: Ref = 'Organization/initiator';
const carriers = { sms: 'Organization/carrier' } as const;
const END = Date.parse('2027-01-01T00:00:00Z');

describe('(baa-messaging BA18) a carrier', () => {
  test('with an agreement for its service carries until the agreement ends, to the millisecond', async () => {
    const now = world.store.snapshot();
    const asked = { way: 'sms', organization, person } as const;
    expect(await refuseOutreach(now, asked, carriers, END - 1)).toBeUndefined();
    expect(await refuseOutreach(now, asked, carriers, END)).toMatchObject({
      permitted: false,
      policy: 'carrier',
    });
  });

  test('without one is passed over for the next way, and where there is none nothing leaves', async () => {
    const now = world.store.snapshot();
    const notifying = { organization, person };
    const mail = { mail: 'Organization/carrier' } as const;
    expect(await wayTo(now, notifying, { ...mail, ...carriers }, END - 1)).toBe('sms'); // its agreement is for sms
    expect(await wayTo(now, notifying, { ...mail, ...carriers }, END)).toBeUndefined();
    expect(await wayTo(now, notifying, { mail: 'operator', ...carriers }, END)).toBe('mail');
    expect(await wayTo(now, notifying, {}, END - 1)).toBeUndefined();
  });
});

describe('(baa-messaging MS35) the address', () => {
  const at = Date.parse('2026-06-01T00:00:00Z');
  const patient = (more: object): Resource => ({ resourceType: 'Patient', ...more });
  const points = (...telecom: object[]) => patient({ telecom });
  const asking = (means: string, address: string, telecom: object[] = []) =>
    patient({
      telecom,
      extension: [
        {
          url: 'https://closeloop.dev/fhir/StructureDefinition/confidential-communication',
          extension: [
            { url: 'means', valueCode: means },
            { url: 'address', valueString: address },
          ],
        },
      ],
    });
  const MAIL = { system: 'email', value: 'jane@home.example' };

  test.each([
    [
      'the lowest rank',
      'mail',
      points({ ...MAIL, rank: 2 }, { ...MAIL, value: 'first@home.example', rank: 1 }),
      'first@home.example',
    ],
    ['none that is old', 'mail', points({ ...MAIL, use: 'old' }), undefined],
    ['none whose time is over', 'mail', points({ ...MAIL, period: { end: '2026-05' } }), undefined],
    [
      'one that lasts through the month',
      'mail',
      points({ ...MAIL, period: { end: '2026-06' } }),
      'jane@home.example',
    ],
    [
      'a mobile phone',
      'sms',
      points({ system: 'phone', use: 'mobile', value: '(503) 555-0142' }),
      '+15035550142',
    ],
    [
      'a number with its country',
      'sms',
      points({ system: 'sms', value: '+44 20 7946 0958' }),
      '+442079460958',
    ],
    ['no phone at home', 'sms', points({ system: 'phone', use: 'home', value: '503-555-0142' }), undefined],
    ['no words', 'sms', points({ system: 'sms', value: 'ask my sister' }), undefined],
    [
      'no second line',
      'mail',
      points({ ...MAIL, value: 'jane@home.example\r\nBcc: x@y.example' }),
      undefined,
    ],
    ['what the patient asked for', 'mail', asking('email', 'safe@home.example', [MAIL]), 'safe@home.example'],
    ['nothing else then', 'mail', asking('post', 'P.O. Box 1', [MAIL]), undefined],
    ['nothing where it cannot be read', 'mail', asking('email', 'the blue door', [MAIL]), undefined],
  ] as const)('is %s', (_, way, one, expected) => {
    expect(outreachAddress(one, way, at)).toBe(expected);
  });
});
