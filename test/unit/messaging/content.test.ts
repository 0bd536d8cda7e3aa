import { describe, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';

import type { Resource } from '../../../src/fhir/types.ts';
import { mayPassClosed } from '../../../src/messaging/closed.ts';
import {
  CONTENT_DECISION,
  decideContent,
  MESSAGE_CONTENT,
  withDecision,
  type ContentCategory,
  type ContentContext,
} from '../../../src/messaging/content.ts';
import { JANE, PLACES, TEXTS } from './content-texts.ts';

const KNOWN: ReadonlySet<string> = new Set(['http://snomed.info/sct 44054006', 'http://loinc.org 2345-7']);
const isCode = (system: string, code: string): boolean => KNOWN.has(`${system} ${code}`);
const OTHERS: ContentContext = { among: 'organizations', people: [JANE], isCode };

const declaring = (content: ContentCategory | undefined, elements: object): Resource => ({
  resourceType: 'Communication',
  status: 'in-progress',
  ...(content !== undefined && { category: [{ coding: [{ system: MESSAGE_CONTENT, code: content }] }] }),
  ...elements,
});
const saying = (text: string, elements: object = {}): Resource =>
  declaring('administrative', { payload: [{ contentString: text }], ...elements });

const coding = (...codes: string[]) => ({
  category: [{ coding: codes.map((code) => ({ system: MESSAGE_CONTENT, code })) }],
});
const agreement = (elements: object) => decideContent(declaring('agreement', elements), OTHERS).by;
const paper = (contentType: string) => ({
  payload: [{ contentAttachment: { contentType, url: 'Binary/1' } }],
});
const long = (length: number) => saying('x'.repeat(length));

describe('who decides (baa-messaging MS20)', () => {
  test('takes a message without a category for phi', () => {
    expect(decideContent(declaring(undefined, {}), OTHERS)).toEqual({ decided: 'phi', by: 'undeclared' });
  });

  test('takes a category that does not exist, or two at once, for none', () => {
    for (const codes of [['harmless'], ['administrative', 'agreement']])
      expect(decideContent(declaring(undefined, coding(...codes)), OTHERS).decided).toBe('phi');
  });

  test('never lowers: whatever is declared phi stays phi', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const message = declaring('phi', { payload: [{ contentString: text }] });
        expect(decideContent(message, OTHERS)).toEqual({ declared: 'phi', decided: 'phi', by: 'declared' });
      }),
    );
  });

  test('stores what was declared, what was decided and by whom, in place of what the client says there', () => {
    const message = saying('SSN 123456789', {
      extension: [{ url: CONTENT_DECISION, extension: [{ url: 'by', valueCode: 'declared' }] }],
    });
    const stored = withDecision(message, decideContent(message, OTHERS));
    expect(stored['extension']).toEqual([
      {
        url: CONTENT_DECISION,
        extension: [
          { url: 'declared', valueCode: 'administrative' },
          { url: 'decided', valueCode: 'phi' },
          { url: 'by', valueCode: 'labelled' },
        ],
      },
    ]);
    expect(stored['category']).toEqual([{ coding: [{ system: MESSAGE_CONTENT, code: 'phi' }] }]);
  });

  test('keeps the other categories of a message', () => {
    const kind = {
      coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/message-kind', code: 'vendor' }],
    };
    const message = declaring(undefined, { category: [kind] });
    expect(withDecision(message, decideContent(message, OTHERS))['category']).toEqual([
      kind,
      { coding: [{ system: MESSAGE_CONTENT, code: 'phi' }] },
    ]);
  });
});

describe('what raises (baa-messaging MS21)', () => {
  test.each(TEXTS)('%j is decided by %s', (text, by) => {
    const decision = decideContent(saying(text), OTHERS);
    expect(decision.by).toBe(by);
    expect(decision.decided).toBe(by === 'declared' ? 'administrative' : 'phi');
  });

  test.each(PLACES)('finds a patient in %s', (_, elements) => {
    const base = saying('See the other place.');
    const category = [
      ...(base['category'] as object[]),
      ...((elements['category'] as object[] | undefined) ?? []),
    ];
    expect(decideContent({ ...base, ...elements, category }, OTHERS).by).toBe('name-and-identifier');
  });

  test.each(['subject', 'about', 'basedOn'])(
    'raises among organizations by %s, of the message or of its thread',
    (name) => {
      const about = { [name]: [{ reference: 'Patient/jane' }] };
      expect(decideContent(saying('Hello', about), OTHERS).by).toBe('about-patient');
      expect(
        decideContent(saying('Hello'), { ...OTHERS, thread: declaring('administrative', about) }).by,
      ).toBe('about-patient');
      expect(decideContent(saying('Hello', about), { among: 'colleagues' }).by).toBe('declared');
    },
  );

  test.each([
    ['an attachment', { payload: [{ contentAttachment: { url: 'Binary/1' } }] }, 'attachment'],
    ['a record', { payload: [{ contentReference: { reference: 'DocumentReference/1' } }] }, 'attachment'],
    [
      'an attachment of an extension',
      { extension: [{ url: 'u', valueAttachment: { title: 'x' } }] },
      'attachment',
    ],
    ['base64 of an extension', { extension: [{ url: 'u', valueBase64Binary: 'AAAA' }] }, 'attachment'],
    ['a contained Patient', { contained: [{ resourceType: 'Patient', id: 'p' }] }, 'contained'],
    ['a contained List', { contained: [{ resourceType: 'List', id: 'p' }] }, 'contained'],
    [
      'a clinical coding',
      { reasonCode: [{ coding: [{ system: 'http://loinc.org', code: '2345-7' }] }] },
      'coded',
    ],
  ] as const)('raises by %s', (_, elements, by) => {
    expect(decideContent(saying('Hello', elements), OTHERS).by).toBe(by);
  });

  test('raises an answer that repeats forty characters of a message with health information, not thirty-nine', () => {
    const told = 'Her wound has not closed since she came home, and she sleeps badly because of it.';
    const source = declaring('phi', { payload: [{ contentString: told }] });
    const answering = (text: string) => decideContent(saying(text), { ...OTHERS, repliedTo: [source] }).by;
    for (let at = 1; at < 20; at += 1) {
      expect(answering(`zz${told.slice(at, at + 44)}zz`)).toBe('quote');
      expect(answering(`zz${told.slice(at, at + 39)}zz`)).toBe('declared');
    }
    expect(answering(`> ${told.toUpperCase().replaceAll(' ', '\n> ')}`)).toBe('quote');
    expect(answering(told.replaceAll(/(\w)/g, '$1\u200B'))).toBe('quote');
  });

  test('takes what is too long or too deep to be read for phi', () => {
    let deep: unknown = { text: 'x' };
    for (let depth = 0; depth < 80; depth += 1) deep = { extension: [deep] };
    expect(decideContent(saying('x'.repeat(300_000)), OTHERS).by).toBe('unread');
    expect(decideContent(saying('x', { note: [deep] }), OTHERS).decided).toBe('phi');
  });

  test('reads the worst texts of their length in a moment', () => {
    const worst = ['<', '&#', '%4', '1', '1-', '123-45-', 'A1', 'aB3+', 'mrn ', 'icd ', 'jane ', '\u0301'];
    const before = performance.now();
    for (const part of worst) {
      const text = part.repeat(Math.floor(100_000 / part.length));
      decideContent(saying(text), {
        ...OTHERS,
        repliedTo: [declaring('phi', { payload: [{ contentString: text }] })],
      });
    }
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  const word = fc.constantFrom(
    ...'please send the invoice contract meeting report of to for by our your team server upgrade budget training room'.split(
      ' ',
    ),
    'Friday',
    '12/04/2026',
    '10:30',
    '#4471',
    '503-555-0142',
    '12,500.00',
    'Q3',
    'B12',
    'v2.4.1',
    'Ms. Lee',
    'and',
    '–',
  );

  test('leaves random administrative text as it was declared', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 200 }), (words) => {
        expect(decideContent(saying(words.join(' ')), OTHERS)).toEqual({
          declared: 'administrative',
          decided: 'administrative',
          by: 'declared',
        });
      }),
    );
  });

  test('finds the patient wherever the words stand in random administrative text', () => {
    fc.assert(
      fc.property(fc.array(word), fc.array(word), fc.array(word), (before, between, after) => {
        const text = [...before, 'Jane', "O'Connor-Roe", ...between, '1970-01-02', ...after].join(' ');
        expect(decideContent(saying(text), OTHERS).decided).toBe('phi');
      }),
    );
  });
});

describe('agreement messages (baa-messaging BA10)', () => {
  const about = { about: [{ reference: 'Contract/b1' }] };

  test('stay what they are about the Contract alone, with a PDF or a Word document', () => {
    expect(agreement({ ...about, payload: [{ contentString: 'Please sign.' }] })).toBe('declared');
    expect(agreement({ ...about, ...paper('application/pdf') })).toBe('declared');
  });

  test.each([
    ['about nothing', {}, 'not-only-agreement'],
    ['about a patient, too', { ...about, subject: { reference: 'Patient/jane' } }, 'not-only-agreement'],
    ['about a Task', { about: [{ reference: 'Task/t' }] }, 'not-only-agreement'],
    ['with a picture', { ...about, ...paper('image/png') }, 'attachment'],
    ['that name a patient', { ...about, note: [{ text: 'SSN 123456789' }] }, 'labelled'],
  ] as const)('are phi %s', (_, elements, by) => {
    expect(agreement(elements)).toBe(by);
  });
});

describe('texts to a patient (baa-messaging MS23)', () => {
  test('are phi whatever was declared, unless they are those of a template', () => {
    const message = saying('See you on Friday.');
    expect(decideContent(message, { among: 'patient' }).by).toBe('free-text-to-patient');
    expect(decideContent(message, { among: 'patient', isTemplate: true }).decided).toBe('administrative');
  });
});

describe('what passes while the agreement is closed (baa-messaging MS22)', () => {
  test('lets agreement messages and short administrative texts pass, and nothing else', () => {
    expect(mayPassClosed(saying('Please sign.'), 'agreement')).toBe(true);
    expect(mayPassClosed(saying('Please sign.'), 'administrative')).toBe(true);
    expect(mayPassClosed(saying('Please sign.'), 'phi')).toBe(false);
    expect(mayPassClosed(saying('Please sign.'), 'notice')).toBe(false);
  });

  test('counts 2,000 characters over all payloads', () => {
    expect(mayPassClosed(long(2000), 'administrative')).toBe(true);
    expect(mayPassClosed(long(2001), 'administrative')).toBe(false);
    const halves = [{ contentString: 'x'.repeat(1001) }, { contentString: 'x'.repeat(1001) }];
    expect(mayPassClosed(saying('', { payload: halves }), 'administrative')).toBe(false);
  });

  test.each([
    ['note', { note: [{ text: 'so much '.repeat(260) }] }],
    ['topic', { topic: { text: 'so much '.repeat(260) } }],
    ['narrative', { text: { status: 'generated', div: 'so much '.repeat(260) } }],
    ['extension', { extension: [{ url: 'http://x', valueString: 'somuch'.repeat(400) }] }],
    ['display', { recipient: [{ display: 'so much '.repeat(260) }] }],
    ['tag', { meta: { tag: [{ display: 'so much '.repeat(260) }] } }],
    ['identifier', { identifier: [{ value: 'so much '.repeat(260) }] }],
  ])('counts the words of a %s as well', (_, elements) => {
    expect(mayPassClosed(saying('x', elements), 'administrative')).toBe(false);
  });

  test('counts no references and instants', () => {
    const recipient = Array.from({ length: 50 }, (_, at) => ({
      reference: `Organization/${at}${'x'.repeat(60)}`,
    }));
    expect(
      mayPassClosed(saying('x'.repeat(2000), { recipient, sent: '2026-06-01T08:00:00Z' }), 'administrative'),
    ).toBe(true);
  });

  test.each([
    ['subject', { subject: { reference: 'Patient/jane' } }],
    ['about', { about: [{ reference: 'Task/t' }] }],
    ['an attachment', { payload: [{ contentAttachment: { url: 'Binary/1' } }] }],
  ])('stops an administrative text with %s', (_, elements) => {
    expect(mayPassClosed(saying('x', elements), 'administrative')).toBe(false);
  });
});
