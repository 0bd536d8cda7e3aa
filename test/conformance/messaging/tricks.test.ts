/**
 * Tricks to get health information past a closed agreement as an administrative text (baa-messaging MS21, MS22, BA12): each is
 * raised to phi by a rule, and refused. The patient is named nowhere but in the text.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { MESSAGE_CONTENT } from '../../../src/messaging/content.ts';
import * as make from '../../resources.ts';
import { initiator, openWorld, refOf, type World } from '../../world.ts';
import { setKinds } from '../gates/put-contract.ts';

let world: World;
let patient: string;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'vendor');
  await setKinds(world, 'Organization/vendor', 'business-associate');
  patient = refOf(
    await world.create(
      initiator,
      make.patient({
        name: [{ given: ['Wilhelmina'], family: 'Oyelaran-Smythe' }],
        birthDate: '1961-07-09',
        identifier: [{ system: 'https://elm.example/mrn', value: 'EL-4471-09' }],
      }),
    ),
  );
});
afterAll(() => world.close());

const SAID = 'Wilhelmina Oyelaran-Smythe, 1961-07-09';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const send = (more: object) =>
  world.ask(initiator, 'POST', 'Communication', {
    resourceType: 'Communication',
    status: 'in-progress',
    category: [{ coding: [{ system: MESSAGE_CONTENT, code: 'administrative' }] }],
    sender: { reference: 'Organization/initiator' },
    recipient: [{ reference: 'Organization/vendor' }],
    payload: [{ contentString: 'Please see below.' }],
    ...more,
  });
const saying = (contentString: string) => ({ payload: [{ contentString }] });

const TRICKS: readonly (readonly [trick: string, message: object])[] = [
  ['the plain text', saying(SAID)],
  ['another order, and the date in words', saying('OYELARAN-SMYTHE, Wilhelmina; July 9th, 1961')],
  ['the date run together', saying('Wilhelmina Oyelaran Smythe 07091961')],
  ['the number of the chart alone', saying('about EL-4471-09')],
  ['base64 in the text', saying(base64(SAID))],
  ['base64 in base64', saying(base64(base64(SAID)))],
  ['percent signs', saying(encodeURIComponent(`${SAID}!`))],
  ['entities', saying(SAID.replaceAll(/[aeiou]/g, (letter) => `&#${letter.codePointAt(0)};`))],
  ['characters that are not seen', saying(SAID.replaceAll('e', 'e\u200B'))],
  ['letters that look alike', saying(SAID.replaceAll('a', 'а').replaceAll('e', 'е'))],
  ['wide letters', saying('Ｗｉｌｈｅｌｍｉｎａ　Ｏｙｅｌａｒａｎ－Ｓｍｙｔｈｅ　１９６１－０７－０９')],
  [
    'two payloads',
    { payload: [{ contentString: 'Wilhelmina Oyelaran-Smythe' }, { contentString: '7/9/1961' }] },
  ],
  ['the subject line', { topic: { text: SAID } }],
  ['a note', { note: [{ text: SAID }] }],
  ['the display of the recipient', { recipient: [{ reference: 'Organization/vendor', display: SAID }] }],
  ['an extension', { extension: [{ url: 'https://elm.example/x', valueString: SAID }] }],
  [
    'the narrative',
    { text: { status: 'additional', div: `<div xmlns="http://www.w3.org/1999/xhtml">${SAID}</div>` } },
  ],
  [
    'a contained Practitioner',
    {
      contained: [{ resourceType: 'Practitioner', id: 'p', name: [{ text: SAID }] }],
      note: [{ authorReference: { reference: '#p' }, text: 'see there' }],
    },
  ],
  ['a file', { payload: [{ contentAttachment: { contentType: 'text/plain', data: base64('hello') } }] }],
  [
    'a file with another name',
    {
      payload: [{ contentAttachment: { contentType: 'text/plain', title: 'lunch.txt', data: base64(SAID) } }],
    },
  ],
  [
    'an extension with bytes',
    { extension: [{ url: 'https://elm.example/x', valueBase64Binary: base64(SAID) }] },
  ],
  ['a code', saying('E11.9, and R45.851')],
  ['a number of Medicare', saying('1EG4 TE5 MK73 is 1EG4-TE5-MK73')],
];

describe('(baa-messaging MS21, MS22) to a vendor without an agreement', () => {
  test('an administrative text passes', async () => {
    const { status, issues } = await send(
      saying('Invoice 2026-10443 is due on 12/14/2026. Call 503-555-0100.'),
    );
    expect([status, issues]).toEqual([201, []]);
  });

  test.each(TRICKS)('%s does not', async (_, message) => {
    const { status, code } = await send(message);
    expect([status, code].join(' ')).toBe('403 agreement-not-active');
  });

  test('the patient as subject does not', async () => {
    expect((await send({ subject: { reference: patient } })).code).toBe('agreement-not-active');
  });

  test('a quote of what was said of the patient does not', async () => {
    const told = 'She has not slept since the operation and is afraid to go back to the ward.';
    const colleagues = await world.create(initiator, {
      resourceType: 'Communication',
      status: 'in-progress',
      sender: { reference: 'Organization/initiator' },
      recipient: [{ reference: 'Organization/initiator' }],
      payload: [{ contentString: told }],
    } satisfies Resource);
    const inResponseTo = [{ reference: refOf(colleagues) }];
    const quoted = await send({ inResponseTo, ...saying(`> ${told.toUpperCase()}`) });
    expect(quoted.code).toBe('agreement-not-active');
  });
});
