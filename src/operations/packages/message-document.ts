/** The message of a package as its first document (360x 5.2), and what the metadata repeats of it. */
import type {
  AssignedId,
  SubmissionDocument,
  XdmPatientLine,
  XdmPerson,
} from '../../direct/xdm/submission.ts';
import { CODING, HL7V2_MIME } from '../../direct/xdm/codes.ts';
import { oidOfUrl } from '../../fhir/identifier.ts';
import { buildMessage } from '../../hl7v2/build.ts';
import { encodeBytes } from '../../hl7v2/charset.ts';
import type { SegmentDraft } from '../../hl7v2/layout.ts';
import { encodeMessage } from '../../hl7v2/message.ts';
import type { Segments } from '../../hl7v2/messages/build-messages.ts';
import { hasNotice } from '../../hl7v2/messages/notice.ts';
import { definitionNamed } from '../../hl7v2/messages/registry.ts';
import type { Msh } from '../../hl7v2/segments/msh.ts';
import type { Orc } from '../../hl7v2/segments/orc.ts';
import type { Pid } from '../../hl7v2/segments/pid.ts';
import { DIRECT } from '../../ports/direct.ts';
import { NoticeMissing } from '../../ports/rail.ts';
import { entryConfidentiality } from './clinical-documents.ts';

interface Drafts {
  readonly MSH: Msh;
  readonly PID: Pid;
  readonly ORC: Orc;
}

/** The values of the first segment of a name. */
function valuesOf<Name extends keyof Drafts>(segments: Segments, name: Name): SegmentDraft<Drafts[Name]> {
  const { draft = {} } = segments.find((segment) => segment.name === name) ?? {};
  return draft as SegmentDraft<Drafts[Name]>; // the name of a segment tells its layout
}

interface AboutMessage {
  /** MSH-7, in milliseconds since 1970. */
  readonly at: number;
  /** The OID of who sends it. */
  readonly sourceId: string;
  readonly isNoticed: boolean;
  /** How confidential what it tells is, by its labels: a code of v3 Confidentiality. */
  readonly confidentiality: string;
  readonly title: string;
}

/** @throws NoticeMissing when it tells content of 42 CFR Part 2 and lacks the notice */
export function messageDocument(
  segments: Segments,
  { at, sourceId, isNoticed, confidentiality, title }: AboutMessage,
): SubmissionDocument {
  const { messageType, messageControlId = '' } = valuesOf(segments, 'MSH');
  const { messageCode = '', triggerEvent = '' } = messageType ?? {};
  const definition = definitionNamed(`${messageCode}^${triggerEvent}`);
  const [structure] = definition?.structures ?? [];
  if (definition?.formatCode === undefined || structure === undefined)
    throw new TypeError(`no package holds ${messageCode}^${triggerEvent}`);
  const message = buildMessage(segments);
  if (isNoticed && !hasNotice(message)) throw new NoticeMissing(DIRECT);
  return {
    kind: 'message',
    bytes: encodeBytes(encodeMessage(message), message.syntax.charset),
    uniqueId: oidOfUrl(`${sourceId} ${messageControlId} ${at}`),
    mimeType: HL7V2_MIME,
    classCode: { code: messageCode, system: CODING.messageCode },
    typeCode: { code: structure, system: CODING.messageStructure },
    formatCode: { code: definition.formatCode, system: CODING.format },
    confidentiality: [entryConfidentiality(isNoticed && confidentiality !== 'V' ? 'R' : confidentiality)],
    creationTime: at,
    languageCode: 'en-US',
    title,
  };
}

/** What the metadata says of the patient and of who asks, as the message has it (direct-xdm 8, checks 2 and 3). */
export interface PersonInMessage {
  readonly patientNumber: AssignedId | undefined;
  readonly provider: XdmPerson | undefined;
  readonly lines: readonly XdmPatientLine[];
}

/** The fields of PID that the metadata repeats. */
const LINES = [3, 5, 7, 8, 11] as const;

export function personInMessage(segments: Segments): PersonInMessage {
  const [number] = valuesOf(segments, 'PID').patientIdentifierList ?? [];
  const [asks] = valuesOf(segments, 'ORC').orderingProvider ?? [];
  const { idNumber, assigningAuthority } = number ?? {};
  const oid = assigningAuthority?.universalId;
  const pid = buildMessage(segments).segments.find(({ name }) => name === 'PID');
  const lines = LINES.flatMap((field): readonly XdmPatientLine[] => {
    const value = pid?.fields[field] ?? '';
    return value === '' ? [] : [[`PID-${field}`, value]];
  });
  return {
    patientNumber:
      idNumber === undefined || oid === undefined ? undefined : { value: idNumber, assigner: oid },
    provider: asks && personOf(asks),
    lines,
  };
}

type Provider = NonNullable<SegmentDraft<Orc>['orderingProvider']>[number];

const personOf = (xcn: Provider): XdmPerson => ({
  ...(xcn.idNumber !== undefined && {
    id: { value: xcn.idNumber, assigner: xcn.assigningAuthority?.universalId ?? '' },
  }),
  ...(xcn.identifierTypeCode !== undefined && { idType: xcn.identifierTypeCode }),
  ...(xcn.familyName?.surname !== undefined && { family: xcn.familyName.surname }),
  ...(xcn.givenName !== undefined && { given: xcn.givenName }),
  ...(xcn.secondAndFurtherGivenNames !== undefined && { middle: xcn.secondAndFurtherGivenNames }),
  ...(xcn.suffix !== undefined && { suffix: xcn.suffix }),
  ...(xcn.prefix !== undefined && { prefix: xcn.prefix }),
  ...(xcn.degree !== undefined && { degree: xcn.degree }),
});
