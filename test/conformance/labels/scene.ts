/** What the tests of labels write, and how they read the labels of a resource. */
import type { Coding, Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import type { TestServer } from '../../server.ts';

export const ICD10 = 'http://hl7.org/fhir/sid/icd-10-cm';
export const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
export const CONF = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

export const conf = (code: string): Coding => ({ system: CONF, code });
export const act = (code: string): Coding => ({ system: ACT, code });

/** The labels of a resource by their codes, in the order of letters. */
export const labelsOf = (resource: Resource | undefined): string =>
  (resource?.meta?.security ?? [])
    .map(({ code }) => code ?? '')
    .toSorted()
    .join(' ');

export const condition = (patient: string, code: string, more: object = {}): Resource => ({
  resourceType: 'Condition',
  clinicalStatus: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }],
  },
  subject: { reference: patient },
  code: { coding: [{ system: ICD10, code }] },
  ...more,
});

export const OPIOID = 'ETH N OPIOIDUD SUD';

/** A patient of the initiator's. */
export const patientOf = async (server: TestServer): Promise<Ref> =>
  `Patient/${(await server.create('initiator', make.patient())).id}`;
