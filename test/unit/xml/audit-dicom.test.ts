/**
 * Audit messages against the schema of DICOM PS3.15 A.5.1, written here a second time as a table: which elements and
 * attributes there are, in which order, which must be, and what their values look like.
 */
import { describe, expect, test } from '@jest/globals';
import type { AuditEntry } from '../../../src/ports/audit.ts';
import { dicomAudit } from '../../../src/xml/audit-dicom.ts';
import { renderAuditEvent } from '../../../src/resources/audit-event-render.ts';
import { PATTERNS } from '../../../src/resources/audit-patterns.ts';

interface Node {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Node[];
  text: string;
}

/** Reads what the writer writes: no comments, no CDATA, double quotes. */
function parse(xml: string): Node {
  const root: Node = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const rest = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>/, '');
  for (const [whole, end, name = '', attributes = '', self, text] of rest.matchAll(
    /<(\/?)([A-Za-z]+)((?: [A-Za-z-]+="[^"<]*")*)(\/?)>|([^<]+)/g,
  )) {
    const top = open.at(-1)!;
    if (text !== undefined) top.text += decode(text);
    else if (end === '/') {
      if (open.pop()?.name !== name) throw new Error(`${whole} ends nothing`);
    } else {
      const node: Node = {
        name,
        attributes: Object.fromEntries(
          [...attributes.matchAll(/ ([A-Za-z-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
            key,
            decode(value),
          ]),
        ),
        children: [],
        text: '',
      };
      top.children.push(node);
      if (self !== '/') open.push(node);
    }
  }
  expect(open).toHaveLength(1);
  expect(root.children).toHaveLength(1);
  return root.children[0]!;
}

const decode = (text: string): string =>
  text.replaceAll(/&(?:#(\d+)|(\w+));/g, (_all, number?: string, name = '') =>
    number === undefined
      ? { amp: '&', lt: '<', gt: '>', quot: '"' }[name as string]!
      : String.fromCodePoint(Number(number)),
  );

const TOKEN = /^\S(?:.*\S)?$/su;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const upTo = (most: number) =>
  new RegExp(`^(?:${Array.from({ length: most }, (_none, at) => at + 1).join('|')})$`);
const CODED = { 'csd-code': TOKEN, codeSystemName: TOKEN, originalText: TOKEN, 'displayName?': TOKEN };

/** Elements: their attributes (`?`: optional), and their children in order (`?` one at most, `*` any, `+` some, `|` either). */
const SCHEMA: Readonly<Record<string, readonly [Readonly<Record<string, RegExp>>, readonly string[]]>> = {
  AuditMessage: [
    {},
    [
      'EventIdentification',
      'ActiveParticipant+',
      'AuditSourceIdentification',
      'ParticipantObjectIdentification*',
    ],
  ],
  EventIdentification: [
    {
      'EventActionCode?': /^[CRUDE]$/,
      EventDateTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/,
      EventOutcomeIndicator: /^(?:0|4|8|12)$/,
    },
    ['EventID', 'EventTypeCode*', 'EventOutcomeDescription?'],
  ],
  EventID: [CODED, []],
  EventTypeCode: [CODED, []],
  EventOutcomeDescription: [{}, []],
  ActiveParticipant: [
    {
      UserID: /^.+$/su,
      'AlternativeUserID?': /^.+$/su,
      'UserName?': /^.+$/su,
      UserIsRequestor: /^(?:true|false)$/,
      'NetworkAccessPointID?': TOKEN,
      'NetworkAccessPointTypeCode?': upTo(5),
    },
    ['RoleIDCode*'],
  ],
  RoleIDCode: [CODED, []],
  AuditSourceIdentification: [
    { 'AuditEnterpriseSiteID?': TOKEN, AuditSourceID: TOKEN },
    ['AuditSourceTypeCode*'],
  ],
  AuditSourceTypeCode: [{ 'csd-code': upTo(9) }, []],
  ParticipantObjectIdentification: [
    {
      ParticipantObjectID: TOKEN,
      'ParticipantObjectTypeCode?': upTo(4),
      'ParticipantObjectTypeCodeRole?': upTo(26),
      'ParticipantObjectDataLifeCycle?': upTo(15),
      'ParticipantObjectSensitivity?': TOKEN,
    },
    [
      'ParticipantObjectIDTypeCode',
      'ParticipantObjectName|ParticipantObjectQuery',
      'ParticipantObjectDetail*',
    ],
  ],
  ParticipantObjectIDTypeCode: [CODED, []],
  ParticipantObjectName: [{}, []],
  ParticipantObjectQuery: [{}, []],
  ParticipantObjectDetail: [{ type: TOKEN, value: BASE64 }, []],
};

function faultsOf({ name, attributes, children, text }: Node): readonly string[] {
  const row = SCHEMA[name];
  if (row === undefined) return [`${name} is no element`];
  const faults: string[] = [];
  const known = new Set(Object.keys(row[0]).map((key) => key.replace('?', '')));
  for (const key of Object.keys(attributes)) if (!known.has(key)) faults.push(`${name} has no ${key}`);
  for (const [key, pattern] of Object.entries(row[0])) {
    const value = attributes[key.replace('?', '')];
    if (value === undefined ? !key.endsWith('?') : !pattern.test(value))
      faults.push(`${name}.${key} is ${value}`);
  }
  const order = row[1]
    .map((rule) => `(?:(?:${rule.replace(/[?*+]$/, '')}) )${/[?*+]$/.exec(rule)?.[0] ?? ''}`)
    .join('');
  const names = children.map((child) => `${child.name} `).join('');
  if (!new RegExp(`^${order}$`).test(names)) faults.push(`${name} holds ${names}`);
  if (name === 'ParticipantObjectQuery' && !BASE64.test(text)) faults.push(`the query is ${text}`);
  return [...faults, ...children.flatMap(faultsOf)];
}

const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  event: 'read',
  action: 'R',
  outcome: '0',
  agent: {
    organization: 'Organization/a',
    client: 'client',
    subject: 'subject',
    user: 'Practitioner/p',
    name: 'Dr "A" & <B>',
    address: '192.0.2.7',
  },
  requestId: 'r1',
  entities: ['Observation/o/_history/4'],
  patients: ['Patient/p'],
  viewers: [],
  ...more,
});
const SOURCE = { name: 'closeloop', base: 'https://a.example.org/fhir' };
const render = (one: AuditEntry): string =>
  dicomAudit(
    renderAuditEvent(
      { seq: 4, position: 0, at: '2026-01-01T00:00:00.000Z', entry: one },
      { organization: undefined, everything: true },
      SOURCE,
    ),
  );

describe('(DICOM PS3.15 A.5.1) audit messages are valid', () => {
  test.each(Object.keys(PATTERNS))('%s', (event) => {
    expect(faultsOf(parse(render(entry({ event }))))).toEqual([]);
    expect(
      faultsOf(parse(render(entry({ event, outcome: '4', issue: 'not-found', patients: [], entities: [] })))),
    ).toEqual([]);
  });

  test('a delivery, a move, a search and what is labelled', () => {
    for (const one of [
      entry({
        event: 'deliver',
        action: 'R',
        delivery: { entry: '3-0', rail: 'rest-hook', receiver: 'Endpoint/e', attempts: 1 },
        basis: 'treatment',
        labels: 'R',
      }),
      entry({
        event: 'update',
        action: 'U',
        transition: { tid: '02', event: 'accept', from: 'a', to: 'b' },
        entities: ['Task/t/_history/0'],
      }),
      entry({ event: 'search-type', action: 'E', query: 'name=<Ωmega>&birthdate=2000' }),
      entry({
        event: 'login',
        agent: { organization: '', client: '', subject: '', address: 'unknown' },
        times: 7,
      }),
    ])
      expect(faultsOf(parse(render(one)))).toEqual([]);
  });

  test('says what happened, to whom, by whom', () => {
    const message = parse(render(entry()));
    const [event, ...rest] = message.children;
    expect(event?.attributes).toEqual({
      EventActionCode: 'R',
      EventDateTime: '2026-01-01T00:00:00.000Z',
      EventOutcomeIndicator: '0',
    });
    expect(event?.children[0]?.attributes).toMatchObject({ 'csd-code': '110110', codeSystemName: 'DCM' });
    expect(rest[0]?.attributes).toMatchObject({
      UserID: 'Practitioner/p',
      AlternativeUserID: 'subject',
      UserIsRequestor: 'true',
    });
    const patient = rest.find(({ attributes }) => attributes['ParticipantObjectTypeCodeRole'] === '1');
    expect(patient?.attributes['ParticipantObjectID']).toBe('Patient/p');
    expect(patient?.children[0]?.attributes).toMatchObject({ 'csd-code': '2', codeSystemName: 'RFC-3881' });
    expect(render(entry())).not.toContain('<B>');
  });

  test('the words of a search travel only within its query', () => {
    const xml = render(entry({ event: 'search-type', action: 'E', query: 'name=Secretname' }));
    expect(xml).not.toContain('Secretname');
    expect(xml).toContain(`<ParticipantObjectQuery>${Buffer.from('name=Secretname').toString('base64')}<`);
    expect(parse(xml).children[0]?.children[0]?.attributes['csd-code']).toBe('110112');
  });

  test('what XML cannot hold is replaced', () => {
    const agent = { organization: '', client: 'c\u0000\u001f\ud800x\n\ty', subject: '' } as const;
    const xml = render(entry({ agent }));
    // eslint-disable-next-line no-control-regex
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
    expect(faultsOf(parse(xml))).toEqual([]);
  });
});
