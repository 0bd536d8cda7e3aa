/** RESTful API (http://hl7.org/fhir/R4/http.html), clause by clause. */
import { kept, notOffered, type Clause } from './clause.ts';

const INSTANCE = 'conformance/rest/instance.test.ts';
const DOOR = 'conformance/fhir-http/exchange.test.ts';

export const REST: readonly Clause[] = [
  kept(
    'http.html#summary',
    'every interaction of every type that is claimed is done once and refused once',
    'conformance/capability.test.ts › each interaction of each type',
  ),
  kept(
    'http.html#summary',
    'types that are not claimed, and bodies that are no resources to store, are 404',
    'conformance/capability.test.ts › types of R4 that are not claimed',
  ),
  kept(
    'http.html#root',
    'one base for all types; the type and the id make the address',
    `conformance/openapi.test.ts › every type has its addresses`,
  ),
  kept(
    'http.html#root',
    'absolute references to the own base are local ones',
    `conformance/rest/bundles.test.ts › a fullUrl that is an address of this server`,
  ),
  kept(
    'http.html#mime-type',
    'JSON and XML by Accept, _format and Content-Type',
    'conformance/formats/http.test.ts › wanted in XML',
    `${INSTANCE} › _format and _pretty`,
  ),
  kept(
    'http.html#mime-type',
    '406 and 415 for what is not spoken here',
    'conformance/rest/bad-input.test.ts › Turtle wanted',
    'conformance/rest/bad-input.test.ts › no Content-Type',
  ),
  notOffered('rdf.html', 'RDF (Turtle)', 'OPTIONAL, and no partner of a referral sends it; 406 or 415'),
  kept(
    'http.html#parameters',
    '_pretty, _summary and _elements on reads',
    `${INSTANCE} › HEAD ?_pretty=true`,
    'conformance/rest/shapes.test.ts › _elements',
  ),
  kept(
    'http.html#security',
    'no interaction without a token, none beyond its scopes',
    'conformance/custody/scopes.test.ts › ',
  ),
  kept(
    'http.html#versions',
    'versionId, lastUpdated, ETag and Last-Modified are of one version',
    `${INSTANCE} › Location, ETag and Last-Modified are of the version made`,
  ),
  kept(
    'http.html#read',
    'the current version; HEAD alike; 404 and 410',
    `${INSTANCE} › read`,
    `${INSTANCE} › 410 afterwards`,
  ),
  kept(
    'http.html#vread',
    'any version for ever, also of what was deleted',
    `${INSTANCE} › 410 afterwards, and every version and the history can be read`,
  ),
  kept(
    'http.html#cread',
    'If-None-Match and If-Modified-Since: 304',
    `${INSTANCE} › If-None-Match and If-Modified-Since`,
  ),
  kept(
    'http.html#update',
    'replaces the resource; the id of the body is the one of the address',
    `${INSTANCE} › If-Match of the current version; the body replaces all`,
  ),
  kept(
    'http.html#upsert',
    'update as create, where a setting or an administrator allows it',
    `${INSTANCE} › an administrator may create by PUT`,
  ),
  kept(
    'http.html#concurrency',
    'If-Match: 412 when it is no longer the current version',
    `${INSTANCE} › If-Match of the current version`,
    'conformance/loop/concurrency.test.ts › ',
  ),
  kept(
    'http.html#cond-update',
    'conditional update: none, one, several',
    `${INSTANCE} › by condition: none creates, one updates`,
  ),
  kept(
    'http.html#patch',
    'JSON Patch, with every operation, by id and by condition',
    `${INSTANCE} › all six operations, in order`,
  ),
  kept(
    'fhirpatch.html',
    'FHIRPath Patch: add, insert, delete, replace, move',
    'conformance/rest/fhirpath-patch.test.ts › by id',
  ),
  notOffered('http.html#patch', 'XML Patch', 'FHIRPath Patch in XML says the same; 415'),
  kept('http.html#delete', 'idempotent; the history remains', `${INSTANCE} › again, or of what never was`),
  kept(
    'http.html#cdelete',
    'conditional delete of a single match',
    `${INSTANCE} › by a condition that selects one`,
  ),
  notOffered(
    'http.html#cdelete',
    'conditional delete of several matches',
    'one mistaken query must not delete many records; 412, and the CapabilityStatement says single',
  ),
  kept(
    'http.html#create',
    'the server gives id and version; 201 and Location',
    `${INSTANCE} › the server gives the id, whatever the body says`,
  ),
  kept(
    'http.html#ccreate',
    'If-None-Exist: none, one, several; also at once',
    `${INSTANCE} › If-None-Exist: one match is answered`,
    `${INSTANCE} › sixteen conditional creates at once make one`,
  ),
  kept('http.html#ops', 'Prefer: return=minimal, representation, OperationOutcome', `${INSTANCE} › Prefer: `),
  kept(
    'http.html#search',
    'by GET and by POST; parameters of the form and of the address together',
    'conformance/rest/search-contexts.test.ts › parameters in the address and in the form count together',
  ),
  kept(
    'http.html#search',
    'of a type, of a compartment, of the whole system',
    'conformance/rest/search-contexts.test.ts › what is found',
  ),
  kept(
    'http.html#capabilities',
    'GET metadata: what is claimed is served and what is served is claimed',
    'conformance/capability.test.ts › ',
  ),
  kept(
    'http.html#history',
    'of an instance, a type, everything; deletions among it',
    'conformance/rest/history.test.ts › of an instance: newest first',
  ),
  kept(
    'http.html#history',
    '_since, _at and _count',
    'conformance/rest/history.test.ts › _since and _at',
    'conformance/rest/history.test.ts › _count=0 tells the total alone',
  ),
  kept(
    'http.html#paging',
    'links to pages that stay what they were while others write',
    'conformance/rest/history.test.ts › are stable while others create, change and delete',
    'conformance/rest/search-contexts.test.ts › the link to the page before',
  ),
  kept(
    'http.html#Status-Codes',
    'every refusal is an OperationOutcome with a code, the place and a way out',
    'conformance/rest/bad-input.test.ts › ',
  ),
  kept('http.html#custom', 'X-Request-Id is taken over, and given where there is none', `${DOOR} › `),
  notOffered(
    'async.html',
    'asynchronous requests',
    'nothing here takes longer than the time limit of a search',
  ),
];

export const BUNDLES: readonly Clause[] = [
  kept(
    'http.html#transaction',
    'all of it or nothing, in one commit',
    'conformance/rest/bundles.test.ts › all or nothing',
    'conformance/rest/bundles.test.ts › its versions are of one commit',
  ),
  kept(
    'http.html#trules',
    'the order: DELETE, POST, PUT and PATCH, GET and HEAD',
    'conformance/rest/bundles.test.ts › a transaction is processed in order',
  ),
  kept(
    'http.html#trules',
    'references by fullUrl become references to what is created',
    'conformance/rest/bundles.test.ts › urn:uuid: in References and in Attachment.url',
  ),
  kept(
    'http.html#trules',
    'links in narratives, uri and url elements are rewritten, canonicals are not',
    'conformance/rest/bundles.test.ts › in narratives, in elements of type uri and url',
  ),
  kept(
    'http.html#trules',
    'conditional references',
    'conformance/rest/bundles.test.ts › conditional references select what is here',
  ),
  kept(
    'http.html#trules',
    'two entries on one resource are refused',
    'conformance/rest/bad-input.test.ts › ',
  ),
  kept(
    'http.html#transaction',
    'ifNoneExist, ifMatch, ifNoneMatch, ifModifiedSince',
    'conformance/rest/bundles.test.ts › conditions of entries',
  ),
  kept(
    'http.html#transaction',
    'histories, compartments, the system and HEAD in entries',
    'conformance/rest/bundles.test.ts › histories, HEAD, compartments and the system',
  ),
  kept(
    'http.html#transaction-response',
    'an entry of the answer for each of the request, in its order',
    'conformance/rest/bundles.test.ts › and answered in the order of its entries',
  ),
  kept(
    'http.html#transaction',
    'a batch: entries independent of each other',
    'conformance/rest/bundles.test.ts › each entry is for itself',
  ),
];
