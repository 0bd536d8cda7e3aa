/**
 * OMG^O19 with ORC-1 NW: the referral request (360X PCC-55) ⇄ Patient, the referrer's roles, ServiceRequest and Task.
 * The server reads ORM^O01 in the same way, because engines that know no 360X send orders with it.
 */
import type {
  CodeableConcept,
  Coding,
  Identifier,
  Reference,
  Resource,
  ServiceRequest,
  Task,
} from '../../fhir/types.ts';
import { withState } from '../../referral/state.ts';
import type { SegmentValues } from '../build.ts';
import type { Cwe } from '../datatypes.ts';
import { ordererOf, place, readClinician, refersTo, type Placed } from '../mapping/clinician.ts';
import { writeReason } from '../mapping/concept.ts';
import { writeDateTime } from '../mapping/moment.ts';
import { writePractitioner } from '../mapping/person.ts';
import { filled, some, toFhirString } from '../mapping/plain.ts';
import type { Message } from '../message.ts';
import { buildObr, readObr, type Obr } from '../segments/obr.ts';
import { buildOrc, type Orc } from '../segments/orc.ts';
import { readTq1, type Tq1 } from '../segments/tq1.ts';
import { checkOneOrder, NUMBER_PLACES, orcOf, readAuthoredOn, readFirst, readTime } from './correlation.ts';
import { buildPerson, placerNumber, type BuildingContext, type ReferralResources } from './building.ts';
import type { Findings } from './findings.ts';
import { buildHeader } from './header.ts';
import type { Meant, MessageDefinition, RequestParts } from './message-definition.ts';
import type { MessageFamily } from './message-family.ts';
import { restrictedBy, writeNotice } from './notice.ts';
import { STATUS } from './osu-o51.ts';
import {
  readDiagnoses,
  readNotes,
  readPriority,
  readQuestions,
  readReasons,
  readSecurity,
  readService,
  readValidity,
  writeNotes,
  writeQuestions,
  writeReasons,
  writeSecurity,
  writeService,
  writeTiming,
} from './order.ts';
import type { MessageHeader, PatientReading, ReadingContext } from './reading.ts';

const PROFILE = 'http://hl7.org/fhir/us/bser/StructureDefinition';
const FULFILL = { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] };
/** US Core wants a category, and v2 has none. */
const EVALUATION = {
  coding: [
    { system: 'http://snomed.info/sct', code: '386053000', display: 'Evaluation procedure (procedure)' },
  ],
};

/** The parts of an order: the elements of the ServiceRequest for the service, and the roles of both sides. */
export interface Order {
  readonly elements: Partial<ServiceRequest>;
  readonly requester: readonly [...Placed[], Placed];
  readonly performer: Reference | undefined;
  readonly placed: readonly Placed[];
  readonly authoredOn: string | undefined;
  /** The end of the order's validity. */
  readonly validUntil: string | undefined;
}

/** The resources of a request, each under its placeholder: Patient, roles, ServiceRequest, Task. */
function readReferralRequest(
  message: Message,
  parts: RequestParts,
  context: ReadingContext,
  findings: Findings,
): readonly Placed[] {
  checkOneOrder(message, findings);
  const { patient } = parts;
  const order = readOrder(message, parts.header, context, findings);
  return patient === undefined ? [] : placeRequest(order, { ...parts, patient }, context);
}

function readOrder(
  message: Message,
  header: MessageHeader,
  context: ReadingContext,
  findings: Findings,
): Order {
  const orc = orcOf(message);
  const obr = readFirst(message, 'OBR', readObr);
  const tq1 = readFirst(message, 'TQ1', readTq1);
  const facility = header.sendingFacility ?? '';
  const xcn = orc?.orderingProvider[0] ?? obr?.orderingProvider[0];
  if (xcn === undefined) findings.add('ordering-provider');
  if (obr?.universalServiceIdentifier === undefined) findings.add('service');
  const said = readReasons(obr?.reasonForStudy ?? [], facility);
  const reasons = said.length > 0 ? said : readDiagnoses(message, facility);
  if (reasons.length === 0) findings.add('reason-for-referral');
  const { questions, more } = readQuestions(message, facility, findings);
  if (more) findings.add('too-many-questions');
  const authoredOn = readAuthoredOn(orc?.dateTimeOfTransaction, 'ORC-9', header, context, findings);
  const security = readSecurity(orc?.confidentialityCode);
  const requester = refersTo(context.sendingOrganization, header.sendingFacility);
  return {
    elements: filled({
      ...readTiming(tq1, obr, context, findings),
      meta: security && { security: [...security] },
      code: readService(obr?.universalServiceIdentifier, facility),
      orderDetail: some(questions),
      reasonCode: some(reasons),
      note: some(readNotes(message)),
    }),
    requester: readClinician(xcn, requester, context.namespaces, context.newId),
    performer: refersTo(context.receivingOrganization, header.receivingFacility),
    placed: [],
    authoredOn,
    validUntil: readValidity(tq1?.serviceDuration, authoredOn),
  };
}

function readTiming(
  tq1: Tq1 | undefined,
  obr: Obr | undefined,
  context: ReadingContext,
  findings: Findings,
): Partial<ServiceRequest> {
  const end = readTime(tq1?.endDateTime, 'TQ1-8', context, findings);
  if (tq1?.endDateTime === undefined) findings.add('perform-by');
  const count = tq1?.totalOccurrences === undefined ? undefined : Number(tq1.totalOccurrences);
  const isCount = count !== undefined && Number.isFinite(count);
  return filled({
    priority: readPriority(tq1?.priority[0] ?? { identifier: obr?.priority }),
    quantityQuantity: isCount ? { value: count } : undefined,
    occurrencePeriod: end === undefined ? undefined : { end },
  });
}

/** The resources of an order for a patient. */
export function placeRequest(
  order: Order,
  parts: RequestParts & { readonly patient: PatientReading },
  context: ReadingContext,
): readonly Placed[] {
  const { elements, requester, performer, authoredOn, validUntil, placed } = order;
  const patient = place(parts.patient.resource, context.newId);
  const subject = { reference: patient.fullUrl };
  const from = { reference: requester.at(-1)?.fullUrl ?? '' };
  const request: ServiceRequest = filled({
    resourceType: 'ServiceRequest' as const,
    ...elements,
    meta: { ...elements.meta, profile: [`${PROFILE}/BSeR-ReferralServiceRequest`] },
    identifier: some([
      assigned(parts.referralId, refersTo(context.sendingOrganization, parts.header.sendingFacility)),
      assigned(parts.fillerNumber, refersTo(context.receivingOrganization, parts.header.receivingFacility)),
    ]),
    status: 'active' as const,
    intent: 'order' as const,
    category: [EVALUATION],
    subject,
    authoredOn,
    requester: from,
    performer: performer && [performer],
  });
  const focus = place(request, context.newId);
  const task: Task = filled({
    resourceType: 'Task' as const,
    meta: { profile: [`${PROFILE}/BSeR-ReferralTask`] },
    status: 'received' as const,
    intent: 'order' as const,
    priority: elements.priority,
    code: FULFILL,
    focus: { reference: focus.fullUrl },
    for: subject,
    authoredOn,
    requester: from,
    owner: performer,
    restriction:
      validUntil === undefined ? undefined : { period: filled({ start: authoredOn, end: validUntil }) },
  });
  const received = withState(task as unknown as Resource, 'received'); // every FHIR type is one
  return [patient, ...requester, ...placed, focus, place(received, context.newId)];
}

const assigned = (
  identifier: Identifier | undefined,
  assigner: Reference | undefined,
): Identifier | undefined => identifier && filled({ ...identifier, assigner });

/** The family of orders. */
export const ORDERS: MessageFamily = {
  findings: 'OMG',
  plainFindings: 'ORM',
  isProfiled: true,
  numbers: [NUMBER_PLACES.ORC, NUMBER_PLACES.OBR],
  makesReferral: true,
  required: ['PID-5', 'ORC-1'],
  taken: 'OMG',
  holds: 'order',
};

/** The events of OMG^O19. */
const REQUEST: Meant = {
  message: 'OMG^O19',
  read: (_event, message, parts, context, findings) => ({
    event: 'send-referral-package',
    resources: readReferralRequest(message, parts, context, findings),
  }),
};

/** The definition of OMG^O19. With ORC-1 CA it withdraws the order, as OSU^O51 does. */
export const OMG_O19 = {
  name: 'OMG^O19',
  structures: ['OMG_O19'],
  family: ORDERS,
  formatCode: 'urn:ihe:pcc:360x:hl7:OMG:O19:2017',
  means: (orderControl) => (orderControl === 'CA' ? STATUS : REQUEST),
} as const satisfies MessageDefinition;

/** The labels of what the message tells: the order, its patient and its reasons (the high-water mark of P30). */
const labelsTold = ({ request, patient, resolve }: ReferralResources): readonly Coding[] =>
  [request, patient, ...(request.reasonReference ?? []).map(resolve)].flatMap(
    (one) => one?.meta?.security ?? [],
  );

const restricted = (context: BuildingContext, code: Cwe | undefined): Cwe | undefined => {
  const identifier = restrictedBy(context, code?.identifier);
  return identifier === undefined ? undefined : { identifier };
};

/** The request as the segments of a message. */
export function buildRequest(
  referral: ReferralResources,
  context: BuildingContext,
): readonly SegmentValues[] {
  const { request, task, resolve } = referral;
  const placer = placerNumber(referral, context);
  const practitioner = ordererOf(request.requester, resolve);
  const orderingProvider =
    practitioner === undefined ? [] : [writePractitioner(practitioner, context.namespaces)];
  const orc: Partial<Orc> = {
    orderControl: 'NW',
    placerOrderNumber: placer,
    dateTimeOfTransaction: writeDateTime(request.authoredOn ?? task.authoredOn),
    orderingProvider,
    confidentialityCode: restricted(context, writeSecurity(labelsTold(referral))),
  };
  const obr: Partial<Obr> = {
    setId: '1',
    placerOrderNumber: placer,
    universalServiceIdentifier: writeService(request.code),
    orderingProvider,
    reasonForStudy: writeReasons(reasonsOf(referral)),
  };
  const timing = writeTiming(request, task, context);
  const segments: readonly (SegmentValues | undefined)[] = [
    buildHeader(OMG_O19, context),
    ...writeNotice(context),
    buildPerson(referral, context, context.recipientNumber === 'always'),
    buildOrc(orc),
    timing,
    buildObr(obr),
    ...writeNotes(request.note ?? []),
    ...writeQuestions(request.orderDetail ?? []),
  ];
  return segments.filter((segment) => segment !== undefined);
}

/**
 * The reasons: in the order's own words, else in those of the resources that it refers to, else the service, so that an
 * order always has a reason.
 */
function reasonsOf({ request, resolve }: ReferralResources): readonly CodeableConcept[] {
  const { reasonCode = [], reasonReference = [], code } = request;
  const own = reasonCode.filter(saysAnything);
  if (own.length > 0) return own;
  const referred = reasonReference.flatMap((reference) => reasonIn(reference, resolve(reference)));
  return (referred.length > 0 ? referred : [code ?? {}]).filter(saysAnything);
}

/** The words of a Condition, an Observation, a report or a document, or the display of the reference. */
function reasonIn({ display }: Reference, resource: Resource | undefined): readonly CodeableConcept[] {
  const concept = (resource?.['code'] ?? resource?.['type']) as CodeableConcept | undefined; // validated structure
  if (concept !== undefined && saysAnything(concept)) return [concept];
  return display === undefined ? [] : [{ text: display }];
}

const saysAnything = (concept: CodeableConcept): boolean => {
  const { identifier, text } = writeReason(concept) ?? {};
  return toFhirString(identifier ?? text) !== undefined;
};
