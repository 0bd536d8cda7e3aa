/** The notice of 42 CFR 2.32 on a Direct mail: in its text, its package, its message and its document (compliance P30, P31). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Submission } from '../../../src/direct/xdm/submission.ts';
import { writeXdm } from '../../../src/direct/xdm/write-package.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { STATEMENT_1 } from '../../../src/policies/part2/statements.ts';
import { openRules } from '../../ccda-judge.ts';
import { judged } from '../../judges.ts';
import * as make from '../../resources.ts';
import { refOf } from '../../world.ts';
import { larkspur, tidewater } from '../hl7v2/exchange.ts';
import { act, condition, conf } from '../labels/scene.ts';
import { tpoConsent } from '../part2/scene.ts';
import { segmentIn, textOf } from './connectathon-rules.ts';
import { openDirectWorld, type Built, type DirectWorld } from './direct-world.ts';

let world: DirectWorld;
const sent = new Map<string, Built>();
beforeAll(async () => {
  world = await openDirectWorld();
  await refer('R-part2', true);
  await refer('R-plain', false);
  await refer('R-secret', false, { meta: { security: [conf('R')] } });
});
afterAll(() => world.close());

const at = (value: string) => ({ reference: value });
const fold = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
const words = (xml: string): string => fold(xml.replaceAll(/<[^>]*>/g, ' ').replaceAll('&quot;', '"'));
const SCOPE =
  'Consent of 2025-03-01: larkspur may disclose "All my treatment records" to tidewater for treatment, payment and health care operations without an end. It may be revoked in writing.';

async function refer(number: string, isPart2: boolean, more: object = {}): Promise<void> {
  const create = async (resource: object): Promise<Ref> =>
    refOf(await world.create(larkspur, resource)) as Ref;
  const patient = await create(
    make.patient({
      identifier: [{ system: 'urn:oid:2.999.10.1.5', value: number }],
      name: [{ family: 'Quintero', given: ['Marisol'] }],
    }),
  );
  const practitioner = await create({
    resourceType: 'Practitioner',
    identifier: [{ system: make.NPI_SYSTEM, value: make.npiOf('okafor') }],
    name: [{ family: 'Okafor', given: ['Ngozi'] }],
  });
  const requester = await create({
    resourceType: 'PractitionerRole',
    practitioner: at(practitioner),
    organization: at('Organization/larkspur'),
  });
  const labelled = isPart2 ? { meta: { security: [conf('R'), act('42CFRPart2')] } } : {};
  const reason = await create(condition(patient, isPart2 ? 'F11.20' : 'I10', labelled));
  const supporting: object[] = [];
  if (isPart2) {
    const signed = await create({
      ...make.documentReference(patient, ''),
      type: { coding: [{ system: 'http://loinc.org', code: '64292-6' }] },
      content: [{ attachment: { contentType: 'text/plain', data: 'c2lnbmVk' } }],
    });
    const text = JSON.stringify(
      tpoConsent(patient, 'Organization/larkspur', signed, { dateTime: '2025-03-01' }),
    );
    supporting.push(
      at(
        await create(
          JSON.parse(text.replaceAll('Organization/recipient', 'Organization/tidewater')) as object,
        ),
      ),
    );
  }
  const order = await create(
    make.serviceRequest(
      { subject: patient, requester, performer: 'Organization/tidewater' },
      {
        identifier: [{ ...make.placer(number), system: 'urn:oid:2.999.10.1.15' }],
        reasonCode: [{ text: 'Opioid use' }],
        reasonReference: [at(reason)],
        ...more,
        ...(supporting.length > 0 && { supportingInfo: supporting }),
      },
    ),
  );
  await collect(number);
  const [task] = await world.all('Task', `focus=${order}`);
  const accepted = { ...task, status: 'accepted' };
  await world.ask(tidewater, 'PUT', refOf(task ?? { resourceType: 'Task' }), accepted);
  await collect(number);
}
async function collect(number: string): Promise<void> {
  for (const one of await world.send()) sent.set(`${number} ${one.entry.event}`, one);
}

const builtOf = (key: string) => {
  const built = sent.get(key)?.built;
  if (built?.kind !== 'submission') throw new Error(`${key}: ${JSON.stringify(built)}`);
  return built;
};
const REQUEST = 'R-part2 send-referral-package';
const message = ({ documents }: Submission): string =>
  documents[0] === undefined ? '' : textOf(documents[0]).replaceAll('\\.br\\', ' ');

describe('(compliance P30) content of Part 2 that leaves by Direct', () => {
  test('has the statement as the first paragraph of the mail, and the scope of the consent after it', () => {
    const { text, notice } = builtOf(REQUEST);
    expect(notice).toEqual([STATEMENT_1, SCOPE]);
    expect(text.startsWith(`${STATEMENT_1}\n\n${SCOPE}\n\n`)).toBe(true);
  });

  test('in INDEX.HTM and README.TXT of its package', async () => {
    const { submission, notice = [], institution } = builtOf(REQUEST);
    const bytes = await writeXdm(submission, { institution, application: 'Closeloop', notice });
    // Stored, not deflated: the texts stand in the archive as they are.
    const archive = fold(Buffer.from(bytes).toString('utf8'));
    expect(archive.split(fold(STATEMENT_1)).length).toBeGreaterThanOrEqual(3);
  });

  test('as notes of its message, which is restricted', () => {
    const { submission } = builtOf(REQUEST);
    expect(fold(message(submission))).toContain(fold(STATEMENT_1));
    expect(segmentIn(submission, 'NTE')[4]).toBe('RE^Remark^HL70364');
    expect(segmentIn(submission, 'ORC')[28]).toMatch(/^R/);
  });

  test('in a section of its document before all others, and the consent in its header', () => {
    const [, document] = builtOf(REQUEST).submission.documents;
    const xml = document === undefined ? '' : textOf(document);
    expect(words(xml)).toContain(fold(STATEMENT_1));
    expect(words(xml)).toContain(SCOPE);
    expect(xml.slice(xml.indexOf('<section'), xml.indexOf('<section') + 200)).toContain(
      '2.16.840.1.113883.3.3251.1.5',
    );
    expect(xml).toContain('<authorization typeCode="AUTH">');
  });

  test('has a copy of the consent as a further document', () => {
    const { documents } = builtOf(REQUEST).submission;
    expect(documents.map(({ kind }) => kind)).toEqual(['message', 'clinical-document', 'consent']);
    const copy = documents[2];
    expect(copy).toMatchObject({ classCode: { code: '59284-0' }, typeCode: { code: '64292-6' } });
    const body = />([A-Za-z0-9+/=]{100,})<\/text>/.exec(copy === undefined ? '' : textOf(copy))?.[1] ?? '';
    const said = Buffer.from(body, 'base64').toString('utf8');
    expect(said).toContain(SCOPE);
    expect(said).toContain('"resourceType": "Consent"');
  });

  test('is restricted, and says nothing of why outside its documents', () => {
    const { submission, text } = builtOf(REQUEST);
    for (const { confidentiality } of submission.documents)
      expect(confidentiality).toEqual([{ code: 'R', system: '2.16.840.1.113883.5.25' }]);
    expect(text).not.toMatch(/SUD|F11|Opioid/);
  });

  judged('ccda_rules', '(ccda 17) its documents keep the rules of C-CDA', () => {
    const judge = openRules();
    for (const document of builtOf(REQUEST).submission.documents.slice(1))
      expect(judge(textOf(document))).toEqual([]);
  });
});

test.each(['R-plain send-referral-package', 'R-plain send-acceptance'])(
  '(compliance P14) nothing of it where nothing is content of Part 2: %s',
  (key) => {
    const { submission, text, notice } = builtOf(key);
    expect(notice).toBeUndefined();
    for (const said of [text, ...submission.documents.map(textOf)]) expect(said).not.toContain('42 CFR');
    expect(submission.documents.some(({ kind }) => kind === 'consent')).toBe(false);
  },
);

test.each([
  ['R-plain send-referral-package', 'N'],
  ['R-secret send-referral-package', 'R'],
])(
  '(compliance P30) the metadata is as confidential as the labels of what is told: %s is %s',
  (key, code) => {
    const [message, document] = builtOf(key).submission.documents;
    expect(message?.confidentiality.map((one) => one.code)).toEqual([code]);
    expect(document?.confidentiality.map((one) => one.code)).toEqual([code]);
  },
);
