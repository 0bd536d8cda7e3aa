/** Formats, validation, terminology and operations (http://hl7.org/fhir/R4), clause by clause. */
import { kept, notOffered, type Clause } from './clause.ts';

const VALIDATE = 'conformance/rest/validate.test.ts';

export const FORMATS: readonly Clause[] = [
  kept(
    'json.html',
    'strict JSON; decimals keep their digits',
    'conformance/rest/instance.test.ts › literals of decimals and every character',
  ),
  kept(
    'xml.html',
    'XML and JSON say the same, both ways',
    'conformance/formats/codec.test.ts › the samples of every type',
    'conformance/formats/codec.test.ts › random resources of every type',
  ),
  kept(
    'xml.html',
    'order, namespace, attributes, no empty elements',
    'unit/xml/decode.test.ts › refused, with the place',
  ),
  kept(
    'xml.html',
    'no DOCTYPE, no entities, UTF-8 only, bounded depth and size',
    'unit/xml/hostile.test.ts › hostile documents',
  ),
  kept(
    'datatypes.html#decimal',
    'a decimal keeps its precision',
    'conformance/formats/http.test.ts › a decimal keeps its literal through both formats',
  ),
  kept('narrative.html', 'XHTML is kept', 'unit/xml/encode.test.ts › the narrative'),
  kept(
    'http.html#mime-type',
    'bodies, Bundles, conditions, histories and refusals in XML',
    'conformance/formats/http.test.ts › sent in XML',
    'conformance/formats/http.test.ts › a transaction and a batch',
  ),
  kept(
    'binary.html#rest',
    'Binary in its own type, in and out',
    'conformance/formats/binary.test.ts › written in its own type',
    'conformance/formats/binary.test.ts › read',
  ),
  kept('resource-operation-convert.html', '$convert', 'conformance/formats/convert.test.ts › $convert'),
  notOffered(
    'xml.html',
    'processing instructions; comments outside a narrative are not kept',
    'JSON has neither; 400 for the first',
  ),
];

export const VALIDATION: readonly Clause[] = [
  kept(
    'validation.html',
    'structure, cardinality, values, required bindings, references',
    'conformance/validation/faults.test.ts › ',
  ),
  kept(
    'resourcelist.html',
    'every type that is served takes its fullest sample, and finds a fault wherever it is planted',
    'conformance/validation/samples.test.ts › ',
  ),
  kept('validation.html', 'published resources are valid', 'conformance/validation/corpus.test.ts › '),
  kept(
    'validation.html',
    'what two validators from outside say of samples and planted faults',
    'conformance/validation/outside-judges.test.ts › ',
  ),
  kept(
    'conformance-rules.html#constraints',
    'every invariant of severity error of the types that are served',
    'conformance/validation/invariants.test.ts › every published invariant of severity error',
  ),
  kept('element.html', 'ids of elements are unique', 'conformance/validation/element-ids.test.ts › '),
  kept(
    'profiling.html#discriminator',
    'slicing by value, pattern, type, profile, exists and resolve(); order, closed, re-slicing',
    'conformance/validation/slicing.test.ts › ',
  ),
  kept(
    'terminologies.html#strength',
    'bindings by their strength; what is not held is said to be unchecked',
    'conformance/validation/slicing.test.ts › codes',
    'conformance/terminology/bindings.test.ts › ',
  ),
  kept(
    'extensibility.html',
    'known extensions stand where they may; unknown ones that modify are refused',
    'conformance/validation/extensions.test.ts › ',
  ),
  kept(
    'profiling.html',
    'profiles that are claimed hold: BSeR',
    'conformance/validation/profiles.test.ts › a breach is refused at its place',
    'conformance/validation/bser-package.test.ts › ',
  ),
  kept(
    'profiling.html',
    'profiles that are claimed hold: US Core',
    'conformance/validation/us-core.test.ts › ',
    'conformance/validation/us-core-constraints.test.ts › ',
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
  kept(
    'validation.html',
    'levels per type: off, structural, claimed, required',
    'conformance/rest/validation-levels.test.ts › ',
  ),
  kept(
    'documents.html',
    'documents and messages are stored as such: what they refer to is within',
    'conformance/rest/stored-bundles.test.ts › ',
  ),
  notOffered(
    'profiling.html',
    'StructureDefinitions that clients store',
    'rules are compiled when the package is made; they are stored and read',
  ),
  notOffered(
    'validation.html',
    'profiles of stored targets on a write',
    'a target may change the moment after; $validate checks them',
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
  kept(
    'operations.html#executing',
    'POST with Parameters or the bare resource, in JSON and XML, HEAD, batch',
    'conformance/operations/invoking.test.ts › ',
  ),
  kept(
    'fhirpatch.html',
    'operations on lists, choices, primitives and their extensions, and what is refused',
    'unit/resources/fhirpath-patch.test.ts › ',
  ),
  notOffered(
    'operations.html',
    'operations inside a transaction',
    'a transaction is one commit of writes; 400, and a batch takes them',
  ),
  kept(
    'operations.html',
    'ServiceRequest/$timeline, of our own',
    'conformance/operations/timeline.test.ts › ',
  ),
  notOffered('bulkdata', 'bulk export', 'a referral is read by its parties, not exported in bulk'),
];
