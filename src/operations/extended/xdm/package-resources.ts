/**
 * The documents of an XDM package as resources (IHE MHD): a DocumentManifest for the submission set, a DocumentReference
 * and a Binary for each document that is not read.
 */
import { Buffer } from 'node:buffer';
import { uriOfOid } from '../../../ccda/systems.ts';
import { isOid, systemOfOid, URI_SYSTEM } from '../../../fhir/identifier.ts';
import { formatInstant } from '../../../fhir/datetime.ts';
import type { Coding, Identifier, Ref, Resource } from '../../../fhir/types.ts';
import { CODING } from '../../../direct/xdm/codes.ts';
import type {
  AssignedId,
  ReceivedDocument,
  ReceivedSubmission,
  XdmCode,
} from '../../../direct/xdm/submission.ts';
import { CONFIDENTIALITY, rankOf } from '../../../policies/labels/confidentiality.ts';
import { digestOf } from '../ccda/filing.ts';

/** What the package is about here. */
export interface PackageSubject {
  readonly patient: Ref | undefined;
  /** The order with the number of the referral. */
  readonly order: Ref | undefined;
}

const FORMAT_SYSTEM = 'http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode';
const MEDIA_TYPE = /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/;

/** An OID is a URN; the number of a document within a root is one of that root. */
export function masterIdentifierOf(uniqueId: string): Identifier {
  const [root = '', extension] = uniqueId.split('^');
  if (!isOid(root)) return { value: uniqueId };
  return extension === undefined || extension === ''
    ? { system: URI_SYSTEM, value: `urn:oid:${root}` }
    : { system: `urn:oid:${root}`, value: extension };
}

export const identifierOfAssigned = ({ value, assigner }: AssignedId): Identifier => {
  const system = systemOfOid(assigner);
  return system === undefined ? { value } : { system, value };
};

/** Whether a document's attachment would have these bytes. */
export const hashOf = ({ bytes }: Pick<ReceivedDocument, 'bytes'>): string => digestOf(bytes).hash;

/** @param name the fullUrl of the Binary */
export const binaryOf = (document: ReceivedDocument, { patient }: PackageSubject): Resource => ({
  resourceType: 'Binary',
  ...labelled(document),
  contentType: mediaTypeOf(document),
  ...(patient !== undefined && { securityContext: { reference: patient } }),
  data: Buffer.from(document.bytes).toString('base64'),
});

const mediaTypeOf = ({ mimeType }: ReceivedDocument): string =>
  MEDIA_TYPE.test(mimeType) ? mimeType : 'application/octet-stream';

/** What a document is, so that a search finds it. */
export function documentReferenceOf(
  document: ReceivedDocument,
  url: string,
  subject: PackageSubject,
  referral: AssignedId | undefined,
): Resource {
  const { classCode, typeCode, formatCode, title, creationTime, languageCode } = document;
  const labels = labelsOf(document);
  return {
    resourceType: 'DocumentReference',
    ...labelled(document),
    masterIdentifier: masterIdentifierOf(document.uniqueId),
    status: 'current',
    ...(typeCode !== undefined && { type: conceptOf(typeCode) }),
    ...(classCode !== undefined && { category: [conceptOf(classCode)] }),
    ...(subject.patient !== undefined && { subject: { reference: subject.patient } }),
    ...(creationTime !== undefined && { date: formatInstant(creationTime) }),
    ...(title !== undefined && { description: title }),
    ...(labels.length > 0 && { securityLabel: labels.map((coding) => ({ coding: [coding] })) }),
    content: [
      {
        attachment: {
          contentType: mediaTypeOf(document),
          url,
          ...(title !== undefined && { title }),
          ...(languageCode !== undefined && LANGUAGE.test(languageCode) && { language: languageCode }),
          ...digestOf(document.bytes),
        },
        ...(formatCode !== undefined && { format: codingOfXdm(formatCode) }),
      },
    ],
    ...relatedOf(subject, referral, (related) => ({ context: { related: [related] } })),
  };
}

const LANGUAGE = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;

/** @param documents references to the documents, in the order of the package */
export function manifestOf(
  submission: ReceivedSubmission,
  documents: readonly string[],
  subject: PackageSubject,
): Resource {
  const { uniqueId, contentType, submissionTime, sourceId, title, referralId } = submission;
  return {
    resourceType: 'DocumentManifest',
    masterIdentifier: masterIdentifierOf(uniqueId),
    status: 'current',
    ...(contentType !== undefined && { type: conceptOf(contentType) }),
    ...(subject.patient !== undefined && { subject: { reference: subject.patient } }),
    ...(submissionTime !== undefined && { created: formatInstant(submissionTime) }),
    ...(sourceId !== undefined && isOid(sourceId) && { source: `urn:oid:${sourceId}` }),
    ...(title !== undefined && { description: title }),
    content: documents.map((reference) => ({ reference })),
    ...relatedOf(subject, referralId, ({ reference, identifier }) => ({
      related: [{ identifier, ...(reference !== undefined && { ref: { reference } }) }],
    })),
  };
}

interface Related {
  readonly identifier: Identifier;
  readonly reference?: Ref;
}

const relatedOf = <Element>(
  { order }: PackageSubject,
  referral: AssignedId | undefined,
  say: (related: Related) => Element,
): Element | undefined =>
  referral === undefined
    ? undefined
    : say({
        identifier: identifierOfAssigned(referral),
        ...(order !== undefined && { reference: order }),
      });

const conceptOf = (code: XdmCode): { readonly coding: readonly Coding[] } => ({
  coding: [codingOfXdm(code)],
});

/** A system that is no OID is the name of one, and says nothing. */
function codingOfXdm({ code, system, display }: XdmCode): Coding {
  const uri = system === CODING.format ? FORMAT_SYSTEM : uriOfOid(system);
  return { ...(uri !== undefined && { system: uri }), code, ...(display !== undefined && { display }) };
}

const labelsOf = ({ confidentiality }: ReceivedDocument): Coding[] =>
  confidentiality
    .filter(({ code }) => rankOf(code) >= 0)
    .map(({ code }) => ({ system: CONFIDENTIALITY, code }));

const labelled = (document: ReceivedDocument): { readonly meta?: { security: Coding[] } } => {
  const security = labelsOf(document);
  return security.length === 0 ? {} : { meta: { security } };
};
