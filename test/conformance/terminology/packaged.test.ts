/** The definitions that come with the server: read by everyone, written by nobody, and what they are rendered from. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CodeSystem, Resource } from '../../../src/fhir/types.ts';
import { PACKAGED_SYSTEMS, PACKAGED_VALUE_SETS } from '../../../src/resources/terminology/packaged.ts';
import { packagedByUrl } from '../../../src/resources/packaged.ts';
import { readSystem } from '../../../src/resources/terminology/stored.ts';
import { PACKAGED } from '../../../src/resources/terminology/packaged.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import { administrator, callerOf, openWorld, type World } from '../../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('clinic');
});
afterAll(() => world.close());

const clinic = callerOf('clinic');

describe('reading', () => {
  test.each([
    [
      'StructureDefinition/BSeR-ReferralTask',
      'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralTask',
    ],
    [
      'StructureDefinition/us-core-patient',
      'http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient',
    ],
    [
      'StructureDefinition/query-description',
      'http://hl7.org/fhir/us/bser/StructureDefinition/query-description',
    ],
    ['ValueSet/TaskBusinessStatusVS', 'http://hl7.org/fhir/us/bser/ValueSet/TaskBusinessStatusVS'],
    ['ValueSet/task-status', 'http://hl7.org/fhir/ValueSet/task-status'],
    ['CodeSystem/bser', 'http://hl7.org/fhir/us/bser/CodeSystem/bser'],
    ['CodeSystem/v3-ActCode', 'http://terminology.hl7.org/CodeSystem/v3-ActCode'],
    ...[
      'CodeSystem/attachment-refusal',
      'CodeSystem/named-reader',
      'StructureDefinition/patient-notice',
      'StructureDefinition/agreement-at-send',
      'Library/message-template-appointment-reminder',
    ].map((ref) => [ref, `https://closeloop.dev/fhir/${ref}`] as const),
  ])('%s', async (ref, url) => {
    const { status, json } = await world.ask(clinic, 'GET', ref);
    expect([status, json?.['url'], json?.id]).toEqual([200, url, ref.slice(ref.indexOf('/') + 1)]);
  });

  test('the texts to patients are found by the address by which messages name them (baa-messaging MS23)', async () => {
    const url = 'https://closeloop.dev/fhir/Library/message-template-message-noted';
    const { entry = [] } = await world.bundle(clinic, `Library?url=${url}`);
    const [english, spanish] =
      (entry as readonly { resource?: { content?: readonly { data: string }[] } }[])[0]?.resource?.content ??
      [];
    expect(Buffer.from(english?.data ?? '', 'base64').toString()).toMatch(/^We have your message\./);
    expect(Buffer.from(spanish?.data ?? '', 'base64').toString()).toMatch(/^Recibimos su mensaje\./);
  });

  test('what is not there is not found', async () => {
    expect((await world.ask(clinic, 'GET', 'ValueSet/nothing')).status).toBe(404);
    expect((await world.ask(clinic, 'GET', 'StructureDefinition/task-status')).status).toBe(404);
  });
});

test.each(['PUT', 'DELETE'] as const)('%s does not change it', async (method) => {
  const body = { resourceType: 'ValueSet', id: 'task-status', status: 'active' };
  const { status } = await world.ask(
    administrator,
    method,
    'ValueSet/task-status',
    method === 'PUT' ? body : undefined,
  );
  expect(status).toBeGreaterThanOrEqual(method === 'PUT' ? 400 : 200);
  const { json } = await world.ask(clinic, 'GET', 'ValueSet/task-status');
  expect(json?.['url']).toBe('http://hl7.org/fhir/ValueSet/task-status');
});

describe('rendered', () => {
  test('every value set and code system is valid R4', () => {
    const faults = [
      ...PACKAGED_VALUE_SETS.map((url) => packagedByUrl('ValueSet', url)),
      ...PACKAGED_SYSTEMS.map((url) => packagedByUrl('CodeSystem', url)),
    ].flatMap((resource) => (resource === undefined ? [] : faultsOf(resource)));
    expect(faults).toEqual([]);
  });

  test('a code system read again is the same', () => {
    for (const url of PACKAGED_SYSTEMS) {
      const resource = packagedByUrl('CodeSystem', url);
      if (resource === undefined) continue;
      const again = readSystem(resource as unknown as CodeSystem); // rendered as one
      const before = PACKAGED.system(url);
      expect([url, again?.concepts.size]).toEqual([url, before?.concepts.size]);
      const rendered = resource['description'] === undefined ? (before?.concepts ?? []) : [];
      for (const [key, { display, parents, abstract, inactive }] of rendered) {
        expect(again?.concepts.get(key)).toMatchObject({
          parents,
          ...(display && { display }),
          ...(abstract && { abstract }),
          ...(inactive && { inactive }),
        });
      }
    }
  });
});

function faultsOf(resource: Resource): readonly string[] {
  return validateResource(resource)
    .filter(({ severity = 'error' }) => severity === 'error')
    .map(({ diagnostics = '' }) => `${String(resource['url'])} ${diagnostics}`);
}
