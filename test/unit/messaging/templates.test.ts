import { describe, expect, test } from '@jest/globals';

import type { Resource } from '../../../src/fhir/types.ts';
import {
  isTemplateText,
  LANGUAGES,
  NOT_FOR_EMERGENCIES,
  slotsOf,
  templateExtension,
  templateIn,
  MESSAGE_TEMPLATES,
  templateText,
  type TemplateId,
  type TemplateUse,
} from '../../../src/messaging/templates.ts';

const PORTAL = 'https://portal.example/app';
const SLOTS = {
  date: '2026-12-04',
  time: '00:05:00',
  place: 'Organization/elm',
  phone: '+1 503-555-0142',
  link: 'https://portal.example/app/inbox',
};
const RENDERING = { place: 'Elm Street', linkBase: PORTAL };
const IDS = Object.keys(MESSAGE_TEMPLATES) as TemplateId[];

const filled = (id: TemplateId, language: TemplateUse['language'] = 'en', more = {}): TemplateUse => ({
  id,
  language,
  slots: Object.fromEntries(slotsOf(id).map((slot) => [slot, { ...SLOTS, ...more }[slot]])),
});
const naming = (use: TemplateUse, more = {}): Resource => ({
  resourceType: 'Communication',
  status: 'in-progress',
  extension: [templateExtension(use)],
  payload: [{ contentString: templateText(use, RENDERING) }],
  ...more,
});

describe('templates (baa-messaging MS23, MS35)', () => {
  test.each(IDS.flatMap((id) => LANGUAGES.map((language) => [id, language] as const)))(
    '%s in %s is read as it was written, and says every slot',
    (id, language) => {
      const use = filled(id, language);
      expect(templateIn(naming(use))).toEqual(use);
      expect(templateText(use, RENDERING)).not.toMatch(/[{}]/);
      expect(isTemplateText(naming(use), RENDERING)).toBe(true);
      expect(slotsOf(id)).toEqual(
        slotsOf(id).filter((slot) => MESSAGE_TEMPLATES[id][language].includes(`{${slot}}`)),
      );
    },
  );

  test('writes dates and times as people of the language do', () => {
    expect(templateText(filled('appointment-reminder', 'es'), RENDERING)).toBe(
      'Usted tiene una cita el 4 de diciembre de 2026 a las 12:05 a. m. en Elm Street. ¿Preguntas? Llame al +1 503-555-0142.',
    );
    expect(templateText(filled('appointment-reminder', 'en', { time: '12:30:00' }), RENDERING)).toContain(
      '12:30 PM',
    );
  });

  test.each([
    ['a date with words', { date: 'your HIV test' }],
    ['a phone with words', { phone: '503-555-0142 oncology' }],
    ['a place that is no reference', { place: 'Hope Detox' }],
    ['a link with words', { link: 'https://portal.example/ your result' }],
  ])('takes no %s', (_, more) => {
    const use = filled('appointment-confirm', 'en', more);
    const phone = filled('appointment-reminder', 'en', more);
    expect([templateIn(naming(use)), templateIn(naming(phone))]).toContain(undefined);
  });

  test.each([
    'https://elsewhere.example/app',
    'http://portal.example/app',
    'https://portal.example/app?result=positive',
    'https://portal.example/app#hiv',
    'https://hiv@portal.example/app',
  ])('links to the portal alone, not to %s', (link) => {
    expect(templateText(filled('message-waiting', 'en', { link }), RENDERING)).toBeUndefined();
  });

  test('names one template, with its slots and no others', () => {
    const use = filled('message-waiting');
    const one = templateExtension(use) as { extension: object[] };
    const with2 = { ...one, extension: [...one.extension, { url: 'date', valueDate: '2026-12-04' }] };
    for (const extension of [[one, one], [with2], [{ ...one, extension: one.extension.slice(0, 2) }]])
      expect(templateIn({ resourceType: 'Communication', extension })).toBeUndefined();
  });

  test.each([
    ['a second payload', { payload: [{ contentString: 'x' }, { contentString: 'y' }] }],
    ['a topic', { topic: { text: 'oncology' } }],
    ['a note', { note: [{ text: 'oncology' }] }],
    ['a reason', { reasonCode: [{ text: 'oncology' }] }],
    ['a contained resource', { contained: [{ resourceType: 'Basic' }] }],
    ['a narrative', { text: { status: 'generated', div: '<div>oncology</div>' } }],
    ['the display of its sender', { sender: { display: 'Hope Detox' } }],
  ])('is no template with %s', (_, more) => {
    expect(isTemplateText(naming(filled('please-call'), more), RENDERING)).toBe(false);
  });

  test('says with each answer that messages are not for emergencies (baa-messaging MS33)', () => {
    for (const language of LANGUAGES)
      for (const id of ['message-received', 'message-noted'] as const)
        expect(MESSAGE_TEMPLATES[id][language]).toContain(NOT_FOR_EMERGENCIES[language]);
  });
});
