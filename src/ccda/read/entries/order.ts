/** What is meant to be done: planned procedures, acts, observations and encounters, and the referral itself. */
import { table } from '../../table.ts';
import type { CodeableConcept, Reference } from '../../../fhir/types.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { attributeOf, childOf, childrenOf, isNegated } from '../../element.ts';
import { PRIORITIES } from '../../concepts.ts';
import { readConcept } from '../concept.ts';
import {
  authorshipOf,
  commonOf,
  isKind,
  loseRest,
  moodOf,
  notesOf,
  relatedOf,
  statusOf,
  take,
  type EntryContext,
  type Related,
} from '../entry.ts';
import { IDENTIFIER_TYPES, V2_0203 } from '../../../fhir/identifier.ts';
import { readParty, readPerformers } from '../parties.ts';
import { add, lose, type Reading } from '../reading.ts';
import { readText } from '../text.ts';
import { isNullified } from '../standing.ts';
import { periodOf, pointOf, readInterval } from '../time.ts';
import { reasonsOf } from './procedure.ts';

/** Whether an act is the referral: by its template, or an act of provision of care that is meant. */
export const isReferral = (act: XmlElement): boolean =>
  act.name === 'act' &&
  (isKind(act, '4.140') || (attributeOf(act, 'classCode') === 'PCPR' && /^(?:INT|RQO)$/.test(moodOf(act))));

/** The intent of an order, by its mood. */
const INTENTS: Readonly<Record<string, string>> = table({
  RQO: 'order',
  ARQ: 'order',
  APT: 'order',
  INT: 'plan',
  PRMS: 'plan',
  PRP: 'proposal',
});

/** ActStatus of an order; what is not named here still holds. */
const STATUSES: Readonly<Record<string, string>> = table({
  aborted: 'revoked',
  cancelled: 'revoked',
  completed: 'completed',
  held: 'on-hold',
  obsolete: 'revoked',
  suspended: 'on-hold',
});

/** Adds the ServiceRequest of a planned act. */
export function readPlanned(context: EntryContext, act: XmlElement): void {
  const { reading } = context;
  const related = relatedOf(act);
  addOrder(context, act, related, {
    intent: INTENTS[moodOf(act)] ?? 'plan',
    performer: readPerformers(reading, act),
    reasonCode: reasonsOf(reading, related),
    bodySite: childrenOf(act, 'targetSiteCode').flatMap((site) => readConcept(reading, site) ?? []),
  });
}

/** Adds the ServiceRequest of a referral act. Its id is the number of the referral. */
export function readReferral(context: EntryContext, act: XmlElement): void {
  const { reading } = context;
  const related = relatedOf(act);
  const careModel = take(related, ({ type, act: inner }) => type === 'SUBJ' && inner.name === 'observation');
  const performer = childrenOf(act, 'participant')
    .filter((one) => attributeOf(one, 'typeCode') === 'REFT')
    .flatMap((one) => readParty(reading, childOf(one, 'participantRole')) ?? []);
  const { identifier } = commonOf(reading, act);
  const [number, ...others] = identifier;
  const placer = { coding: [{ system: V2_0203, code: IDENTIFIER_TYPES.placer }] };
  addOrder(context, act, related, {
    identifier: number === undefined ? [] : [{ type: placer, ...number }, ...others],
    intent: 'order',
    performer: performer.length > 0 ? performer : readPerformers(reading, act),
    orderDetail: careModel.flatMap((one) => readConcept(reading, childOf(one, 'value')) ?? []),
    reasonCode: reasonsOf(reading, related),
  });
}

interface OrderParts {
  readonly identifier?: readonly object[];
  readonly intent: string;
  readonly performer: readonly Reference[];
  readonly orderDetail?: readonly CodeableConcept[];
  readonly reasonCode: readonly CodeableConcept[];
  readonly bodySite?: readonly CodeableConcept[];
}

function addOrder(context: EntryContext, act: XmlElement, related: Related[], told: OrderParts): void {
  const { reading } = context;
  const code = readConcept(reading, childOf(act, 'code'));
  if (code === undefined) lose(reading, 'narrowed', act, 'the order has neither code nor words');
  const { author, recorded } = authorshipOf(reading, act);
  const instructions = take(related, ({ act: inner }) => isKind(inner, '4.20')).flatMap(
    (inner) => readText(reading, childOf(inner, 'text')) ?? [],
  );
  const note = [...notesOf(reading, related), ...priorityWords(reading, act)];
  add(reading, {
    resourceType: 'ServiceRequest',
    ...commonOf(reading, act),
    status: isNullified(reading, act) ? 'entered-in-error' : (STATUSES[statusOf(act)] ?? 'active'),
    priority: priorityOf(act),
    doNotPerform: isNegated(act) ? true : undefined,
    code: code ?? { text: 'unknown' },
    subject: context.patient,
    encounter: context.encounter,
    ...occurrenceOf(reading, act),
    authoredOn: recorded,
    requester: author,
    patientInstruction: instructions.length === 0 ? undefined : instructions.join('\n'),
    note,
    ...told,
  });
  loseRest(reading, related);
}

const priorityCode = (act: XmlElement): string | undefined =>
  attributeOf(childOf(act, 'priorityCode'), 'code');

function priorityOf(act: XmlElement): string | undefined {
  const code = priorityCode(act);
  return code === undefined ? undefined : (PRIORITIES[code] ?? 'routine');
}

/** A priority that FHIR has no code for, in its own words. */
function priorityWords(reading: Reading, act: XmlElement): readonly { readonly text: string }[] {
  const code = priorityCode(act);
  if (code === undefined || PRIORITIES[code] !== undefined) return [];
  const concept = readConcept(reading, childOf(act, 'priorityCode'));
  return [{ text: `Priority: ${concept?.text ?? concept?.coding?.[0]?.display ?? code}` }];
}

function occurrenceOf(reading: Reading, act: XmlElement): object {
  const interval = readInterval(reading, childOf(act, 'effectiveTime'));
  const point = pointOf(interval);
  if (point !== undefined) return { occurrenceDateTime: point };
  const occurrencePeriod = periodOf(interval);
  return occurrencePeriod === undefined ? {} : { occurrencePeriod };
}
