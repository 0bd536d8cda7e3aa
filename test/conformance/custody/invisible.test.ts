/**
 * What may not be seen does not exist (rules 2.6, 2.7): asked for by its id, or by any value it has, it is answered byte
 * for byte as what was never there.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import {
  initiator,
  recipient,
  refOf,
  stranger,
  type WorldReply,
  type Headers,
  type Method,
} from '../../world.ts';
import { HIDDEN_MRN, openScene, type Scene } from './scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene();
});
afterAll(async () => {
  await scene.world.close();
});

const ask = (...asked: Parameters<Scene['world']['ask']>): Promise<WorldReply> => scene.world.ask(...asked);

type RequestArguments = readonly [method: Method, url: string, body?: unknown, headers?: Headers];

/** A reply or refusal as bytes, but for the id that was asked for, and for ids, versions and audit that were just made. */
function bytesOf({ status, code, text = '', location = '', headers }: WorldReply, id: string): string {
  return JSON.stringify({ status, code, text, location, headers })
    .replaceAll(id, 'the-id')
    .replaceAll(/id-\d+/g, 'new-id')
    .replaceAll(/request-\d+/g, 'request-n')
    .replaceAll(/(?<=AuditEvent\/|\\"id\\+":\\+")\d+-\d+/g, 'event')
    .replaceAll(/_history\/\d+/g, '_history/n')
    .replaceAll(/W\/\\+"\d+/g, 'W/n')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'instant')
    .replaceAll(/(versionId\\+":\\+")\d+/g, '$1n');
}

const VICTIMS = ['patient', 'observation', 'letter', 'document', 'request', 'task', 'question'] as const;

describe('asked for by id', () => {
  const patch = [{ op: 'replace', path: '/language', value: 'en' }];
  /** Every way to name a resource by its id, of a type. */
  const WAYS: readonly (readonly [string, (type: string, id: string, body: Resource) => RequestArguments])[] =
    [
      ['read', (type, id) => ['GET', `${type}/${id}`]],
      ['read if changed', (type, id) => ['GET', `${type}/${id}`, undefined, { ifNoneMatch: '*' }]],
      ['vread', (type, id, { meta }) => ['GET', `${type}/${id}/_history/${meta?.versionId ?? ''}`]],
      ['history', (type, id) => ['GET', `${type}/${id}/_history`]],
      ['history since', (type, id) => ['GET', `${type}/${id}/_history?_since=2020`]],
      ['update', (type, id, body) => ['PUT', `${type}/${id}`, { ...body, id }]],
      [
        'update of a version',
        (type, id, body) => ['PUT', `${type}/${id}`, { ...body, id }, { ifMatch: versionOf(body) }],
      ],
      [
        'update if absent',
        (type, id, body) => ['PUT', `${type}/${id}`, { ...body, id }, { ifNoneMatch: '*' }],
      ],
      [
        'invalid update',
        (type, id) => ['PUT', `${type}/${id}`, { resourceType: type, id, status: 'no such code' }],
      ],
      ['patch', (type, id) => ['PATCH', `${type}/${id}`, patch]],
      [
        'patch of a version',
        (type, id, body) => ['PATCH', `${type}/${id}`, patch, { ifMatch: versionOf(body) }],
      ],
      [
        'patch that tests',
        (type, id) => ['PATCH', `${type}/${id}`, [{ op: 'test', path: '/id', value: id }]],
      ],
      ['delete', (type, id) => ['DELETE', `${type}/${id}`]],
      [
        'delete of a version',
        (type, id, body) => ['DELETE', `${type}/${id}`, undefined, { ifMatch: versionOf(body) }],
      ],
      ['search by id', (type, id) => ['GET', `${type}?_id=${id}&_total=accurate`]],
      ['count by id', (type, id) => ['GET', `${type}?_id=${id}&_summary=count`]],
      ['conditional update', (type, id, body) => ['PUT', `${type}?_id=${id}`, { ...body, id }]],
      ['conditional patch', (type, id) => ['PATCH', `${type}?_id=${id}`, patch]],
      ['conditional delete', (type, id) => ['DELETE', `${type}?_id=${id}`]],
      ['audit', (type, id) => ['GET', `AuditEvent?entity=${type}/${id}&outcome=0`]],
      ['read in a batch', (type, id) => ['POST', '', make.batch({ method: 'GET', url: `${type}/${id}` })]],
      [
        'read in a transaction',
        (type, id) => ['POST', '', make.transaction({ method: 'GET', url: `${type}/${id}` })],
      ],
      [
        'delete in a transaction',
        (type, id) => ['POST', '', make.transaction({ method: 'DELETE', url: `${type}/${id}` })],
      ],
      [
        'update in a transaction',
        (type, id, body) => [
          'POST',
          '',
          make.transaction({ method: 'PUT', url: `${type}/${id}`, resource: { ...body, id } }),
        ],
      ],
      [
        'search in a transaction',
        (type, id) => [
          'POST',
          '',
          make.transaction({ method: 'GET', url: `${type}?_id=${id}&_total=accurate` }),
        ],
      ],
      ['a reference to it', (type, id) => ['POST', 'Basic', basicAbout(`${type}/${id}`)]],
      [
        'a reference to a version of it',
        (type, id) => ['POST', 'Basic', basicAbout(`${type}/${id}/_history/1`)],
      ],
      [
        'an absolute reference to it',
        (type, id) => ['POST', 'Basic', basicAbout(`https://referrals.example.org/fhir/${type}/${id}`)],
      ],
      ['a conditional reference to it', (type, id) => ['POST', 'Basic', basicAbout(`${type}?_id=${id}`)]],
      [
        'a bundle with a reference to it',
        (type, id) => [
          'POST',
          '',
          make.transaction({ method: 'POST', url: 'Basic', resource: basicAbout(`${type}/${id}`) }),
        ],
      ],
    ];
  const cases = VICTIMS.flatMap((victim) => WAYS.map(([way, asking]) => [way, victim, asking] as const));

  test.each(cases)('%s: %s', async (_way, victim, asking) => {
    const resource = scene[victim];
    const { resourceType, id } = resource;
    const [invisible, unused] = [
      await ask(stranger, ...asking(resourceType, id, resource)),
      await ask(stranger, ...asking(resourceType, 'never-used', resource)),
    ];
    expect(bytesOf(invisible, id)).toBe(bytesOf(unused, 'never-used'));
    expect((await ask(initiator, 'GET', refOf(resource))).version).toBe(versionOf(resource));
  });

  test.each([
    ['a draft, for its recipient (G11)', 'hiddenDraft', recipient],
    ['what hangs on a draft', 'hiddenRequest', recipient],
    ['the patient of a draft', 'hiddenPatient', recipient],
    ['a Consent of the same patient', 'hiddenConsent', recipient],
    ['an Observation of the same patient', 'hiddenObservation', recipient],
    ['a Communication about the patient, not the referral', 'hiddenTalk', recipient],
    ['a Binary that no document names', 'hiddenLetter', recipient],
    ["another initiator's patient", 'otherPatient', initiator],
    ["another initiator's Task", 'otherTask', initiator],
  ] as const)('%s', async (_says, victim, caller) => {
    const resource = scene[victim];
    for (const [, asking] of WAYS) {
      const { resourceType, id } = resource;
      const invisible = await ask(caller, ...asking(resourceType, id, resource));
      const unused = await ask(caller, ...asking(resourceType, 'never-used', resource));
      expect(bytesOf(invisible, id)).toBe(bytesOf(unused, 'never-used'));
    }
  });
});

const basicAbout = (reference: string): Resource => ({
  resourceType: 'Basic',
  code: { text: 'note' },
  subject: { reference },
});

describe('asked for by a value', () => {
  const MRN = `${make.MRN_SYSTEM}|${HIDDEN_MRN}`;
  /** A query that finds the hidden Patient, draft or order by a value, and the same with a value that nothing has. */
  const HIDDEN: readonly (readonly [query: string, nothing: string])[] = [
    [`Patient?identifier=${MRN}`, `Patient?identifier=${make.MRN_SYSTEM}|00000`],
    ['Patient?family=Unseen', 'Patient?family=Nobody'],
    ['Patient?name:contains=nsee', 'Patient?name:contains=nbod'],
    ['Patient?family:exact=Unseen&birthdate=1974-12-25', 'Patient?family:exact=Nobody&birthdate=1974-12-25'],
    ['Patient?_has:Task:patient:status=draft', 'Patient?_has:Task:patient:status=failed'],
    [
      'Patient?_has:ServiceRequest:patient:identifier=R-hidden',
      'Patient?_has:ServiceRequest:patient:identifier=R-nothing',
    ],
    [
      `Patient?_has:ServiceRequest:patient:_has:Task:focus:status=draft`,
      `Patient?_has:ServiceRequest:patient:_has:Task:focus:status=failed`,
    ],
    ['Task?status=draft', 'Task?status=failed'],
    [`Task?patient.identifier=${MRN}`, `Task?patient.identifier=00000`],
    ['Task?focus:ServiceRequest.identifier=R-hidden', 'Task?focus:ServiceRequest.identifier=R-nothing'],
    [
      'Task?focus:ServiceRequest.subject:Patient.family=Unseen',
      'Task?focus:ServiceRequest.subject:Patient.family=Nobody',
    ],
    ['ServiceRequest?identifier=R-hidden', 'ServiceRequest?identifier=R-nothing'],
    ['ServiceRequest?subject:Patient.family=Unseen', 'ServiceRequest?subject:Patient.family=Nobody'],
    [
      'Organization?_has:ServiceRequest:requester:identifier=R-hidden',
      'Organization?_has:ServiceRequest:requester:identifier=R-nothing',
    ],
    ['Organization?_has:Task:owner:status=draft', 'Organization?_has:Task:owner:status=failed'],
  ];
  const WAYS: readonly (readonly [string, (query: string) => RequestArguments])[] = [
    ['search', (query) => ['GET', query]],
    ['total', (query) => ['GET', `${query}&_total=accurate&_count=1`]],
    ['count', (query) => ['GET', `${query}&_summary=count`]],
    ['sorted', (query) => ['GET', `${query}&_sort=-_lastUpdated`]],
    ['everything but', (query) => ['GET', `${typeOf(query)}?_id:missing=false&${conditionOf(query)}`]],
    ['conditional update', (query) => ['PUT', query, { ...make.patient(), resourceType: typeOf(query) }]],
    ['conditional patch', (query) => ['PATCH', query, [{ op: 'remove', path: '/language' }]]],
    ['conditional delete', (query) => ['DELETE', query]],
    ['conditional reference', (query) => ['POST', 'Basic', basicAbout(query)]],
    [
      'conditional create',
      (query) => ['POST', 'Patient', make.patient(), { ifNoneExist: conditionOf(query) }],
    ],
    ['search in a batch', (query) => ['POST', '', make.batch({ method: 'GET', url: query })]],
    [
      'conditional create in a transaction',
      (query) => [
        'POST',
        '',
        make.transaction({
          method: 'POST',
          url: typeOf(query),
          ifNoneExist: conditionOf(query),
          resource: make.patient(),
        }),
      ],
    ],
    [
      'conditional reference in a transaction',
      (query) => [
        'POST',
        '',
        make.transaction({ method: 'POST', url: 'ServiceRequest', resource: order(query) }),
      ],
    ],
    [
      'conditional delete in a transaction',
      (query) => ['POST', '', make.transaction({ method: 'DELETE', url: query })],
    ],
  ];

  describe.each(HIDDEN)('%s', (query, nothing) => {
    test.each([
      ['the stranger', stranger],
      ['the recipient of a draft', recipient],
    ] as const)('by %s', async (_says, caller) => {
      expect((await ask(initiator, 'GET', query)).json).toHaveProperty('entry');
      for (const [way, asking] of WAYS) {
        const [invisible, absent] = [
          await ask(caller, ...asking(query)),
          await ask(caller, ...asking(nothing)),
        ];
        const differs = (answer: WorldReply, asked: string) =>
          `${way}: ${bytesOf(answer, 'no id').replaceAll('%7C', '|').replaceAll(conditionOf(asked), 'the query')}`;
        expect(differs(invisible, query)).toBe(differs(absent, nothing));
      }
    });
  });
});

const typeOf = (query: string): string => query.slice(0, query.indexOf('?'));
const conditionOf = (query: string): string => query.slice(query.indexOf('?') + 1);

const order = (subject: string): Resource =>
  make.serviceRequest(
    { subject, requester: 'Organization/stranger', performer: 'Organization/stranger', placer: 'R-mine' },
    { status: 'draft' },
  );
const versionOf = ({ meta }: Resource): number => Number(meta?.versionId);
