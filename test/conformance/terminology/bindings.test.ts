/** Bindings to value sets that are not packaged: not known until somebody stores them, and then judged by `$validate`. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { OperationOutcome, Resource } from '../../../src/fhir/types.ts';
import { callerOf, openWorld, type World } from '../../world.ts';

const clinic = callerOf('clinic');
const VSAC = 'http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113762.1.4.1111.95';
const PROFILE = 'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-TobaccoUseCessationFeedbackMedication';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('clinic');
});
afterAll(() => world.close());

async function said(code: string): Promise<readonly string[]> {
  const medication = {
    resourceType: 'Medication',
    meta: { profile: [PROFILE] },
    status: 'active',
    code: { coding: [{ system: 'urn:drugs', code }] },
  };
  const { json } = await world.ask(clinic, 'POST', 'Medication/$validate', medication);
  const { issue } = json as unknown as OperationOutcome; // answered by $validate
  return issue.filter(({ diagnostics }) => diagnostics?.includes('1111.95')).map(({ severity }) => severity);
}

test('a stored value set tells what was not known', async () => {
  expect(await said('patch')).toEqual(['information']);
  const compose = { include: [{ system: 'urn:drugs', concept: [{ code: 'patch' }] }] };
  await world.create(clinic, { resourceType: 'ValueSet', url: VSAC, status: 'active', compose } as Resource);
  expect(await said('patch')).toEqual([]);
  expect(await said('gum')).toEqual(['warning']);
});
