/**
 * `$validate` with mode create, and the create (http://hl7.org/fhir/R4/resource-operation-validate.html): what one refuses
 * the other does, for the same reason, over every body that the tests have.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { OperationOutcomeIssue, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { leanest } from '../validation/fullest.ts';
import { ROWS } from '../validation/invariant-cases.ts';
import { DOCUMENT, documentOf, messageOf, PACKAGE } from '../validation/bser-package.ts';
import { SAMPLES } from '../validation/samples.ts';
import { openRest, type Answer, type Rest } from './client.ts';
import { WRITTEN_TYPES } from './rich.ts';

let rest: Rest;
let at: Readonly<Record<'patient' | 'hidden' | 'request', `${string}/${string}`>>;
beforeAll(async () => {
  rest = await openRest();
  const patient = await rest.create(make.patient());
  await rest.create(make.patient({ active: true, gender: 'other' }));
  await rest.create(make.patient({ active: true, gender: 'other' }));
  const hidden = await rest.create(make.patient(), 'stranger');
  const request = await rest.create(make.serviceRequest(orderOf(`Patient/${patient.id}`)));
  at = {
    patient: `Patient/${patient.id}`,
    hidden: `Patient/${hidden.id}`,
    request: `ServiceRequest/${request.id}`,
  };
});
afterAll(() => rest.close());

const orderOf = (subject: `Patient/${string}`) =>
  ({ subject, requester: 'PractitionerRole/initiator', performer: 'PractitionerRole/recipient' }) as const;

const isError = ({ severity }: OperationOutcomeIssue): boolean =>
  severity === 'error' || severity === 'fatal';
const reasonsOf = ({ issues }: Answer): readonly string[] =>
  issues
    .filter(isError)
    .map(
      ({ details, diagnostics = '' }) => `${details?.coding?.[0]?.code} ${diagnostics.replace(NEW_ID, '')}`,
    );

/** What a create would be called is another id each time. */
const NEW_ID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/;

async function disagreements(bodies: readonly object[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const body of bodies) {
    const { resourceType } = body as Resource;
    const validated = reasonsOf(await rest.must(`POST ${resourceType}/$validate?mode=create`, { body }));
    const posted = await rest.send(`POST ${resourceType}`, { body });
    const refused = posted.status >= 400 ? reasonsOf(posted).slice(0, 1) : [];
    const agree = refused.length === 0 ? validated.length === 0 : validated.includes(refused[0] ?? '');
    if (!agree)
      found.push(
        `${JSON.stringify(body).slice(0, 200)}: ${posted.status} ${refused.join()} / ${validated.join()}`,
      );
  }
  return found;
}

const ofTypes = (
  types: readonly string[],
  bodyOf: (type: string) => Resource | undefined,
): readonly Resource[] => types.flatMap((type) => bodyOf(type) ?? []);

const references = (): readonly object[] => [
  make.observation(at.patient),
  make.observation(at.hidden),
  make.observation('Patient/unused'),
  make.observation('Patient?gender=other&active=true'),
  make.observation('Patient?identifier=nobody'),
  { ...make.observation(at.patient), subject: { reference: 'patient/1' } },
  { ...make.observation(at.patient), subject: { reference: 'OperationOutcome/1' } },
];

const referrals = (): readonly object[] => [
  make.serviceRequest(orderOf(at.patient as `Patient/${string}`)),
  make.serviceRequest({
    ...orderOf(at.patient as `Patient/${string}`),
    requester: 'PractitionerRole/recipient',
  }),
  make.task(
    {
      focus: at.request,
      for: at.patient,
      requester: 'PractitionerRole/initiator',
      owner: 'PractitionerRole/recipient',
    },
    { status: 'completed' },
  ),
  make.task({
    focus: at.request,
    for: at.hidden,
    requester: 'PractitionerRole/initiator',
    owner: 'PractitionerRole/recipient',
  }),
  make.organization('strangers'),
  make.endpoint('x'),
];

test.each<readonly [string, () => readonly object[]]>([
  ['samples', () => ofTypes(WRITTEN_TYPES, (type) => SAMPLES[type])],
  ['the least that it must have', () => ofTypes(WRITTEN_TYPES, leanest)],
  ['nothing', () => WRITTEN_TYPES.map((resourceType) => ({ resourceType }))],
  [
    'invariants',
    () =>
      WRITTEN_TYPES.flatMap((resourceType) =>
        (ROWS[resourceType] ?? []).flatMap(([, broken, mended]) =>
          [broken, mended].map((parts) => ({ resourceType, ...parts })),
        ),
      ),
  ],
  ['a package of BSeR', () => [...Object.values(PACKAGE), documentOf(DOCUMENT), messageOf(PACKAGE)]],
  ['references', references],
  ['referrals', referrals],
  [
    'Bundles',
    () => [
      {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [{ fullUrl: 'http://example.org/fhir/Patient/a', resource: make.patient({ id: 'b' }) }],
      },
      { resourceType: 'Bundle', type: 'collection', entry: [{ resource: { resourceType: 'patient' } }] },
    ],
  ],
])('%s', async (_name, bodies) => {
  expect(await disagreements(bodies())).toEqual([]);
});

test('a Bundle whose fullUrl disagrees is an error whatever the mode', async () => {
  const entry = [{ fullUrl: 'http://example.org/fhir/Patient/a', resource: make.patient({ id: 'b' }) }];
  const body = { resourceType: 'Bundle', type: 'collection', entry };
  expect(reasonsOf(await rest.must('POST Bundle/$validate', { body }))).toEqual([
    'structure-invalid fullUrl and the resource disagree',
  ]);
});
