/**
 * Labels as the examples of HL7's guide write them (FHIR Data Segmentation for Privacy): what another server labelled is
 * kept to the letter, found by its labels, and added to where the content asks for more.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import { initiator, openWorld, refsOf, type World } from '../../world.ts';

const DS4P = 'http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition';
const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const RESTRICTED = { system: CONFIDENTIALITY, code: 'R', display: 'Restricted' };

const EXAMPLES: Readonly<Record<string, { readonly meta: object; readonly identifier?: readonly object[] }>> =
  {
    'extension-sec-label-basis': {
      meta: {
        security: [
          {
            ...RESTRICTED,
            extension: [
              {
                url: `${DS4P}/extension-sec-label-basis`,
                valueCoding: { system: ACT_CODE, code: '42CFRPart2' },
              },
            ],
          },
        ],
      },
    },
    'extension-sec-label-classifier': {
      meta: {
        security: [
          {
            ...RESTRICTED,
            extension: [
              {
                url: `${DS4P}/extension-sec-label-classifier`,
                valueReference: { display: 'A records manager' },
              },
            ],
          },
        ],
      },
    },
    'extension-sec-label-related-artifact': {
      meta: {
        security: [
          {
            ...RESTRICTED,
            extension: [
              {
                url: `${DS4P}/extension-sec-label-related-artifact`,
                valueRelatedArtifact: { type: 'justification', display: 'restricted by patient consent' },
              },
            ],
          },
        ],
      },
    },
    'extension-display': {
      meta: {
        security: [RESTRICTED],
        extension: [
          {
            url: `${DS4P}/extension-display`,
            valueAnnotation: { authorString: 'The health administration', text: '**CUI//SP-HLTH**' },
          },
        ],
      },
    },
    'extension-inline-sec-label': {
      meta: {
        security: [RESTRICTED],
        extension: [{ url: `${DS4P}/extension-has-inline-sec-label`, valueBoolean: true }],
      },
      identifier: [
        {
          system: 'urn:oid:1.2.3.4',
          value: '1',
          extension: [{ url: `${DS4P}/extension-inline-sec-label`, valueCoding: RESTRICTED }],
        },
      ],
    },
  };

describe('(compliance S1, S8) the examples of FHIR DS4P', () => {
  let world: World;
  let subject: string;
  beforeAll(async () => {
    world = await openWorld();
    await world.seedDirectory('initiator', 'recipient');
    subject = `Patient/${(await world.create(initiator, make.patient())).id}`;
  });
  afterAll(() => world.close());

  test.each(Object.keys(EXAMPLES))('%s: kept to the letter, and found by its label', async (name) => {
    const { meta, ...more } = EXAMPLES[name] ?? { meta: {} };
    const { id } = await world.create(initiator, make.observation(subject, { meta, ...more }));
    const { json } = await world.ask(initiator, 'GET', `Observation/${id}`);
    expect(json).toMatchObject({ meta, ...more });
    const found = await world.bundle(initiator, `Observation?_security=${CONFIDENTIALITY}|R&_id=${id}`);
    expect(refsOf(found)).toEqual([`Observation/${id}`]);
  });

  test('(compliance S1) what the content asks for stands beside the labels that came', async () => {
    const { meta } = EXAMPLES['extension-sec-label-basis'] ?? {};
    const code = { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'B20' }] };
    const { id } = await world.create(initiator, make.condition(subject, { meta, code }));
    const { json } = await world.ask(initiator, 'GET', `Condition/${id}`);
    expect(json?.meta?.security).toEqual(expect.arrayContaining((meta as { security: unknown[] }).security));
    expect(json?.meta?.security).toContainEqual(expect.objectContaining({ system: ACT_CODE, code: 'HIV' }));
  });
});
