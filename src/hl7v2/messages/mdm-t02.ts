/**
 * MDM^T02: a note of the recipient, interim or with the outcome (rules 7.4) ⇄ a document: a C-CDA, a PDF, a text. OBX-5
 * holds it as ED, TXA describes it, and ORC-2 or TXA-14 has the referral's number.
 */
import type { SegmentValues } from '../build.ts';
import type { Cwe } from '../datatypes.ts';
import {
  completionOf,
  confidentialityOf,
  docStatusOf,
  unavailableBy,
  isAvailabilityRead,
  withdrawnBy,
} from '../mapping/codes.ts';
import { readConcept, writeConcept } from '../mapping/concept.ts';
import { readEntityIdentifier, writeNumber } from '../mapping/identity.ts';
import { writeDateTime, writeInstant } from '../mapping/moment.ts';
import { toFhirString } from '../mapping/plain.ts';
import { segmentsNamed, type Message } from '../message.ts';
import { buildEvn } from '../segments/evn.ts';
import { buildObr } from '../segments/obr.ts';
import { buildObx, readObx, type Obx } from '../segments/obx.ts';
import { buildOrc } from '../segments/orc.ts';
import { buildPv1 } from '../segments/pv1.ts';
import { buildTxa, readTxa } from '../segments/txa.ts';
import { NUMBER_PLACES, readFirst, readPast } from './correlation.ts';
import {
  buildPerson,
  fillerNumber,
  placerNumber,
  type BuildingContext,
  type ReferralResources,
} from './building.ts';
import type { Findings } from './findings.ts';
import { buildHeader } from './header.ts';
import type { MessageDefinition } from './message-definition.ts';
import { restrictedBy, writeNotice } from './notice.ts';
import { readNoteContent } from './note-content.ts';
import { REFERRAL_NOTE } from './order.ts';
import type { DocumentReading, MessageHeader, NoteReading, ReadingContext } from './reading.ts';

// — reading

/** The document of a note, or the withdrawal of one: a withdrawn note is evidence of nothing. */
function readNote(
  message: Message,
  header: MessageHeader,
  context: ReadingContext,
  findings: Findings,
): Pick<NoteReading, 'document' | 'withdrawal'> {
  const observations = segmentsNamed(message, 'OBX').map(readObx);
  const txa = readFirst(message, 'TXA', readTxa);
  const taken = observations.map(({ observationResultStatus }) => withdrawnBy(observationResultStatus));
  const unavailable = unavailableBy(txa?.documentAvailabilityStatus);
  const availability = txa?.documentAvailabilityStatus ?? 'AV';
  if (unavailable !== undefined) findings.add('unavailable');
  else if (!isAvailabilityRead(availability)) findings.add('availability');
  if (taken.some((status) => status !== undefined)) findings.add('withdrawn');
  const left = observations.filter((_, at) => taken[at] === undefined);
  const status = unavailable ?? (left.length === 0 ? taken[0] : undefined);
  if (status === undefined) {
    return { document: readDocument(message, left, header, context, findings), withdrawal: undefined };
  }
  const identifier = readEntityIdentifier(txa?.uniqueDocumentNumber, context.namespaces);
  return { document: undefined, withdrawal: { status, identifier } };
}

/** The document; undefined when there is none, or none that can be decoded. */
function readDocument(
  message: Message,
  observations: readonly Obx[],
  { sendingFacility = '' }: MessageHeader,
  context: ReadingContext,
  findings: Findings,
): DocumentReading | undefined {
  const content = readNoteContent(observations, findings);
  if (content === undefined) return undefined;
  const txa = readFirst(message, 'TXA', readTxa);
  const { observationIdentifier, dateTimeOfTheObservation } = content.obx;
  const type = readConcept(observationIdentifier ?? typeOfDocument(txa?.documentType), sendingFacility);
  const title = txa?.documentTitle[0] ?? txa?.uniqueDocumentFileName;
  return {
    contentType: content.contentType,
    data: content.data,
    title: toFhirString(title) ?? type?.text ?? type?.coding?.[0]?.display,
    identifier: readEntityIdentifier(txa?.uniqueDocumentNumber, context.namespaces),
    type,
    date:
      readPast(txa?.originationDateTime, 'TXA-6', context, findings) ??
      readPast(txa?.activityDateTime, 'TXA-4', context, findings) ??
      readPast(dateTimeOfTheObservation, 'OBX-14', context, findings),
    docStatus: docStatusOf(txa?.documentCompletionStatus) as DocumentReading['docStatus'], // the table's
    confidentiality: confidentialityOf(txa?.documentConfidentialityStatus),
  };
}

/** TXA-2 is an IS of table 0270. Engines send a CE all the same, which names its table. */
const typeOfDocument = (type: Cwe | undefined): Cwe | undefined =>
  type?.identifier === undefined || type.nameOfCodingSystem !== undefined
    ? type
    : { ...type, nameOfCodingSystem: 'HL70270' };

/** The definition of MDM^T02. */
export const MDM_T02: MessageDefinition = {
  name: 'MDM^T02',
  structures: ['MDM_T02'],
  family: {
    findings: 'MDM',
    isProfiled: false,
    numbers: [NUMBER_PLACES.ORC, NUMBER_PLACES.TXA, NUMBER_PLACES.OBR],
    makesReferral: false,
    required: ['PID-5', 'TXA-2', 'TXA-12', 'TXA-17', 'OBX-11'],
    taken: 'MDM',
    holds: 'note',
  },
  tells: 'a note, right before the status that it belongs to',
  read: (message, { header }, context, findings) => ({
    event: 'note',
    ...readNote(message, header, context, findings),
  }),
};

// — building

/** The note as the segments of a message. The server sends it right before the status that it belongs to. */
export function buildNote(
  note: DocumentReading,
  referral: ReferralResources,
  context: BuildingContext,
): readonly SegmentValues[] {
  const placer = placerNumber(referral, context);
  const inOrder = context.noteReferralField === 'ORC-2';
  const order = inOrder
    ? [
        buildOrc({
          orderControl: 'RE',
          placerOrderNumber: placer,
          fillerOrderNumber: fillerNumber(referral, context),
        }),
        buildObr({ setId: '1', placerOrderNumber: placer, universalServiceIdentifier: REFERRAL_NOTE }),
      ]
    : [];
  return [
    buildHeader(MDM_T02, context),
    buildEvn({ eventTypeCode: 'T02', recordedDateTime: writeInstant(context.now, context.zone) }),
    buildPerson(referral, context, context.recipientNumber === 'always'),
    buildPv1({ setId: '1', patientClass: 'N' }),
    ...order,
    buildTxa({
      setId: '1',
      documentType: { identifier: 'CN' },
      documentContentPresentation: note.contentType.startsWith('text/') ? 'TX' : 'AP',
      originationDateTime: writeDateTime(note.date),
      uniqueDocumentNumber: writeNumber(note.identifier, context.namespaces),
      placerOrderNumber: inOrder || placer === undefined ? [] : [placer],
      documentCompletionStatus: completionOf(note.docStatus),
      documentConfidentialityStatus: restrictedBy(context, note.confidentiality),
      documentTitle: note.title === undefined ? [] : [note.title],
    }),
    buildContent(note),
    ...writeNotice(context),
  ];
}

const buildContent = ({ contentType, data, type }: DocumentReading): SegmentValues => {
  const [typeOfData, dataSubtype] = contentType.split(';', 1)[0]?.split('/') ?? [];
  return buildObx({
    setId: '1',
    valueType: 'ED',
    observationIdentifier: writeConcept(type) ?? CONSULTATION_NOTE,
    observationValue: [
      { kind: 'document', document: { typeOfData, dataSubtype, encoding: 'Base64', content: data } },
    ],
    observationResultStatus: 'F',
  });
};

const CONSULTATION_NOTE = { identifier: '11488-4', text: 'Consult note', nameOfCodingSystem: 'LN' } as const;
