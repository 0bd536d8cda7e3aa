/** Formats, validation, terminology and operations (http://hl7.org/fhir/R4), clause by clause. */
import { kept, notOffered, type Clause } from './clause.ts';

const VALIDATE = 'conformance/rest/validate.test.ts';

export const FORMATS: readonly Clause[] = [
  kept(
    'json.html',
    'strict JSON; decimals keep their digits',
    'conformance/rest/instance.test.ts › literals of decimals and every character',
  ),
  kept('xml.html', 'XML and JSON say the same, both ways', 'conformance/formats/codec.test.ts › '),
  kept('xml.html', 'no DOCTYPE, no entities, bounded depth and size', 'unit/xml/hostile.test.ts › '),
  kept('binary.html#rest', 'Binary in its own type', 'conformance/formats/binary.test.ts › '),
  kept('resource-operation-convert.html', '$convert', 'conformance/formats/convert.test.ts › $convert'),
];

export const VALIDATION: readonly Clause[] = [
  kept(
    'validation.html',
    'structure, cardinality, values, bindings, references',
    'conformance/validation/faults.test.ts › ',
  ),
  kept('validation.html', 'published resources are valid', 'conformance/validation/corpus.test.ts › '),
  kept(
    'conformance-rules.html#constraints',
    'every invariant of severity error of the types that are served',
    'conformance/validation/invariants.test.ts › every published invariant of severity error',
  ),
  kept(
    'profiling.html#discriminator',
    'slicing by value, pattern, type, profile, exists and resolve()',
    'conformance/validation/slicing.test.ts › ',
  ),
  kept(
    'extensibility.html',
    'known extensions stand where they may; unknown ones that modify are refused',
    'conformance/validation/extensions.test.ts › ',
  ),
  kept(
    'profiling.html',
    'profiles that are claimed hold, of BSeR and of US Core',
    'conformance/validation/profiles.test.ts › a breach is refused at its place',
    'conformance/validation/us-core.test.ts › ',
  ),
  kept(
    'resource-operation-validate.html',
    '$validate on a type and an instance, with mode and profile',
    `${VALIDATE} › `,
  ),
  kept(
    'conformance-rules.html#mustSupport',
    'absent must-support elements are told to who validates',
    `${VALIDATE} › absent must-support elements are information here`,
  ),
];

export const OPERATIONS: readonly Clause[] = [
  kept(
    'operations.html',
    'every operation has its definition; parameters are checked against it',
    'conformance/operations/definitions.test.ts › ',
  ),
  kept(
    'operations.html#executing',
    'GET for what changes nothing',
    'conformance/operations/definitions.test.ts › GET invokes it if it does not affect state',
  ),
  kept(
    'patient-operation-everything.html',
    'Patient/$everything within reach',
    'conformance/operations/everything.test.ts › ',
  ),
  kept(
    'resource-operation-meta.html',
    '$meta, $meta-add, $meta-delete',
    'conformance/operations/meta.test.ts › ',
  ),
  notOffered('bulkdata', 'bulk export', 'a referral is read by its parties, not exported in bulk'),
];
