/** What an associate is shown of messages while no agreement is in force. */
import { describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { isWithheld, maskMessage, toldUnder, withheldBy } from '../../../src/messaging/masked.ts';

const ELM: Ref = 'Organization/elm';
const BILLING: Ref = 'Organization/billing-co';
const OURS = 'https://closeloop.dev/fhir/StructureDefinition';
const SECRET = 'Jane Miller has F11.20';

const content = (code: string) => ({
  coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/message-content', code }],
});

const under = (principal: Ref, associate: Ref) => ({
  url: `${OURS}/agreement-at-send`,
  extension: [
    { url: 'contract', valueReference: { reference: 'Contract/b1/_history/7' } },
    { url: 'state', valueCode: 'active' },
    { url: 'principal', valueReference: { reference: principal } },
    { url: 'associate', valueReference: { reference: associate } },
  ],
});

/** A message in which every place that somebody can write in says the same. */
const MESSAGE = {
  resourceType: 'Communication',
  id: 'm1',
  meta: { versionId: '7', lastUpdated: '2026-03-01T10:00:00.000Z', security: [{ code: 'R' }] },
  text: { status: 'generated', div: `<div>${SECRET}</div>` },
  contained: [{ resourceType: 'Observation', id: 'o', valueString: SECRET }],
  extension: [
    under(ELM, BILLING),
    { url: 'http://example.org/x', valueString: SECRET },
    { url: `${OURS}/audience`, valueString: SECRET },
    {
      url: `${OURS}/respond-by`,
      valueInstant: '2026-03-02T10:00:00Z',
      extension: [{ url: 'a', valueString: SECRET }],
    },
    { url: `${OURS}/thread-owner`, valueReference: { reference: 'Practitioner/q', display: SECRET } },
  ],
  modifierExtension: [{ url: 'http://example.org/y', valueString: SECRET }],
  status: 'completed',
  _status: { extension: [{ url: 'http://example.org/z', valueString: SECRET }] },
  statusReason: { text: SECRET },
  category: [{ ...content('phi'), text: SECRET }],
  medium: [{ coding: [{ system: 'urn:m', code: 'portal', display: SECRET }] }],
  subject: { reference: 'Patient/p', display: SECRET },
  about: [{ reference: '#o', display: SECRET }, { reference: 'Task/t' }],
  partOf: [{ reference: 'Communication/thread' }],
  topic: { text: SECRET },
  sent: '2026-03-01T10:00:00Z',
  recipient: [{ reference: BILLING, display: SECRET }],
  sender: { reference: ELM, identifier: { system: 'urn:n', value: '1', assigner: { display: SECRET } } },
  reasonCode: [{ text: SECRET }],
  reasonReference: [{ display: SECRET }],
  payload: [
    { contentString: SECRET },
    { contentReference: { display: SECRET } },
    { contentAttachment: { title: SECRET, url: 'Binary/b', data: 'AAAA', size: 3, hash: 'AAAA' } },
    { contentAttachment: { contentType: 'application/pdf', title: SECRET, url: 'Binary/c', size: 3 } },
  ],
  note: [{ text: SECRET }],
} as unknown as Resource; // all of it at once

const closed = { organization: BILLING, open: new Set<Ref>() };
const open = { organization: BILLING, open: new Set<Ref>([ELM]) };

describe('(baa-messaging MK1) a masked message', () => {
  test('says who told whom, when and in which thread, and nothing that somebody wrote', () => {
    const masked = maskMessage(MESSAGE);
    expect(JSON.stringify(masked)).not.toContain(SECRET);
    expect(masked).toEqual({
      resourceType: 'Communication',
      id: 'm1',
      meta: {
        versionId: '7',
        lastUpdated: '2026-03-01T10:00:00.000Z',
        security: [
          { code: 'R' },
          { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'MASKED' },
        ],
      },
      extension: [
        under(ELM, BILLING),
        { url: `${OURS}/respond-by`, valueInstant: '2026-03-02T10:00:00Z' },
        { url: `${OURS}/thread-owner`, valueReference: { reference: 'Practitioner/q' } },
      ],
      status: 'completed',
      category: [content('phi')],
      medium: [{ coding: [{ system: 'urn:m', code: 'portal' }] }],
      subject: { reference: 'Patient/p' },
      about: [{ reference: 'Task/t' }],
      partOf: [{ reference: 'Communication/thread' }],
      sent: '2026-03-01T10:00:00Z',
      recipient: [{ reference: BILLING }],
      sender: { reference: ELM, identifier: { system: 'urn:n', value: '1' } },
      payload: [
        { contentString: 'Content withheld: no agreement in force.' },
        { contentString: 'Content withheld: no agreement in force.' },
        { contentString: 'Content withheld: no agreement in force.' },
        { contentAttachment: { contentType: 'application/pdf' } },
      ],
    });
  });

  test('of a header keeps no topic, and has no payload', () => {
    const { payload: _payload, partOf: _partOf, ...header } = MESSAGE as Resource & Record<string, unknown>;
    const masked = maskMessage(header as Resource);
    expect(masked).not.toHaveProperty('payload');
    expect(masked).not.toHaveProperty('topic');
  });
});

describe('(baa-messaging MK1, MK2, MK4, MK5) who is shown what', () => {
  const own = { ...MESSAGE, category: [content('phi')] };
  const of = (...codes: readonly string[]): Resource => ({ ...MESSAGE, category: codes.map(content) });
  // prettier-ignore
  const CASES: readonly (readonly [says: string, message: Resource, keeper: Ref | '', associate: typeof closed, withheld: boolean])[] = [
    ['the associate, while nothing is in force',   own,                     ELM,     closed, true],
    ['the associate, once it is in force',         own,                     ELM,     open,   false],
    ['what the associate sent itself',             own,                     BILLING, closed, true],
    ['the principal',                              own,                     ELM,     { organization: ELM, open: new Set() }, false],
    ['no category',                                { ...own, category: [] }, ELM,    closed, true],
    ['an administrative message',                  of('administrative'),    ELM,     closed, false],
    ['one about the agreement',                    of('agreement'),         ELM,     closed, false],
    ['a notice',                                   of('notice'),            ELM,     closed, false],
    ['two categories, one of which is protected',  of('notice', 'phi'),     ELM,     closed, true],
    ['a category of another system',               { ...own, category: [{ coding: [{ system: 'urn:x', code: 'notice' }] }] }, ELM, closed, true],
    ['told under no agreement, kept elsewhere',    { ...own, extension: [] }, ELM,   closed, true],
    ['told under no agreement, kept by itself',    { ...own, extension: [] }, BILLING, closed, false],
    ['told under no agreement, kept by the server', { ...own, extension: [] }, '',   closed, false],
    ['another associate’s agreement',              { ...own, extension: [under(ELM, 'Organization/fax-co')] }, BILLING, closed, false],
    ['one of two agreements in force',             { ...own, extension: [under(ELM, BILLING), under('Organization/oak', BILLING)] }, ELM, open, true],
    ['another type of resource',                   { resourceType: 'Observation' }, ELM, closed, false],
  ];
  test.each(CASES)('%s', (_says, message, keeper, associate, withheld) => {
    expect(isWithheld(message, keeper, associate)).toBe(withheld);
  });

  test('(baa-messaging MK6) the agreement that withholds is named with its version', () => {
    expect(toldUnder(own)).toEqual([
      { principal: ELM, associate: BILLING, contract: 'Contract/b1/_history/7' },
    ]);
    expect(withheldBy(own, closed)).toEqual(['Contract/b1/_history/7']);
    expect(withheldBy(own, open)).toEqual([]);
  });

  test('an extension that names no parties counts for nothing', () => {
    expect(toldUnder({ ...own, extension: [{ url: `${OURS}/agreement-at-send` }] })).toEqual([]);
  });
});
