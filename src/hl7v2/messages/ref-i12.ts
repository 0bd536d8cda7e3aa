/**
 * REF^I12, patient referral (HL7 v2.5.1, chapter 11): older engines send it as a referral request, and the server reads
 * it as one. 360X does not know it, and the server builds none.
 */
import type { Xcn } from '../datatypes.ts';
import { readClinician, refersTo, type Placed } from '../mapping/clinician.ts';
import { filled, some } from '../mapping/plain.ts';
import { segmentsNamed, type Message } from '../message.ts';
import { readObr } from '../segments/obr.ts';
import { readPrd, type Prd } from '../segments/prd.ts';
import { readRf1 } from '../segments/rf1.ts';
import { NUMBER_PLACES, readAuthoredOn, readFirst, readTime } from './correlation.ts';
import type { Findings } from './findings.ts';
import type { MessageDefinition, RequestParts } from './message-definition.ts';
import { OMG_O19, placeRequest } from './omg-o19.ts';
import { readDiagnoses, readNotes, readPriority, readQuestions, readReasons, readService } from './order.ts';
import type { ReadingContext } from './reading.ts';

/** The resources of a referral, as those of an order. */
function readPatientReferral(
  message: Message,
  parts: RequestParts,
  context: ReadingContext,
  findings: Findings,
): readonly Placed[] {
  const { header, patient } = parts;
  if (patient === undefined) return [];
  const facility = header.sendingFacility ?? '';
  const rf1 = readFirst(message, 'RF1', readRf1);
  const obr = readFirst(message, 'OBR', readObr);
  const from = clinicianInRole(message, 'RP');
  if (from === undefined) findings.add('ordering-provider', 'PRD');
  const reasons = [
    ...readReasons(rf1?.referralReason ?? [], facility),
    ...readReasons(obr?.reasonForStudy ?? [], facility),
    ...readDiagnoses(message, facility),
  ];
  if (reasons.length === 0) findings.add('reason-for-referral', 'RF1-10');
  const { questions, more } = readQuestions(message, facility, findings);
  if (more) findings.add('too-many-questions');
  const end = readTime(rf1?.expirationDate, 'RF1-8', context, findings);
  const authoredOn = readAuthoredOn(rf1?.processDate, 'RF1-9', header, context, findings);
  const { namespaces, newId } = context;
  const sender = refersTo(context.sendingOrganization, header.sendingFacility);
  const receiver = refersTo(context.receivingOrganization, header.receivingFacility);
  const to = clinicianInRole(message, 'RT');
  const performer = to === undefined ? [] : readClinician(to, receiver, namespaces, newId);
  const role = performer.at(-1);
  return placeRequest(
    {
      elements: filled({
        priority: readPriority(rf1?.referralPriority),
        code: readService(obr?.universalServiceIdentifier, facility),
        orderDetail: some(questions),
        occurrencePeriod: end === undefined ? undefined : { end },
        reasonCode: some(reasons),
        note: some(readNotes(message)),
      }),
      requester: readClinician(from, sender, namespaces, newId),
      performer: role === undefined ? receiver : { reference: role.fullUrl },
      placed: performer,
      authoredOn,
      validUntil: undefined,
    },
    { ...parts, patient },
    context,
  );
}

/** PRD-1, table 0286: RP refers, RT is referred to. */
function clinicianInRole(message: Message, role: 'RP' | 'RT'): Xcn | undefined {
  const found = segmentsNamed(message, 'PRD')
    .map(readPrd)
    .find(({ providerRole }) => providerRole.some(({ identifier }) => identifier === role));
  return found && personIn(found);
}

function personIn({ providerName: [name], providerIdentifiers: [number] }: Prd): Xcn | undefined {
  if (name === undefined && number === undefined) return undefined;
  return { ...name, idNumber: number?.idNumber, identifierTypeCode: number?.typeOfIdNumber };
}

/** The definition of REF^I12: it has no ORC, and is always a new order. */
export const REF_I12: MessageDefinition = {
  name: 'REF^I12',
  structures: ['REF_I12'],
  family: {
    findings: 'REF',
    isProfiled: false,
    numbers: [NUMBER_PLACES.RF1],
    makesReferral: true,
    required: ['PID-5', 'PRD-1'],
    taken: 'REF',
    holds: 'order',
  },
  means: () => ({
    message: OMG_O19.name,
    orderControl: () => 'NW',
    read: (_event, ...source) => ({
      event: 'send-referral-package',
      resources: readPatientReferral(...source),
    }),
  }),
};
