/** ServiceRequest: the referral as a Patient Referral Act, another order as a planned procedure. */
import type { CodeableConcept, Identifier, Reference, Resource } from '../../../fhir/types.ts';
import { PRIORITIES } from '../../concepts.ts';
import { addresses, authorOf, isKnown, partyOf, personName, telecoms, type Party } from '../party.ts';
import { template, templateIds } from '../templates.ts';
import { code, concept, idsOf, interval, point, rootOf } from '../values.ts';
import { element, nothing, texted, type Xml } from '../xml.ts';
import { lose, loseOthers, type Writing } from '../writing.ts';
import {
  comments,
  conceptAt,
  dayOf,
  indication,
  listAt,
  OID,
  reasonsOf,
  reference,
  referenceAt,
  SNOMED,
  status,
  stringAt,
  wordsOf,
  type WriteEntry,
} from './entry.ts';

const CARRIED = [
  'identifier',
  'status',
  'intent',
  'priority',
  'code',
  'subject',
  'encounter',
  'occurrenceDateTime',
  'occurrencePeriod',
  'authoredOn',
  'requester',
  'performer',
  'orderDetail',
  'reasonCode',
  'reasonReference',
  'note',
  'doNotPerform',
];

export const REFERRAL_COLUMNS = ['Order', 'Reason', 'Wanted by'] as const;

/** The priority of an order as ActPriority. */
function priorityOf(order: Resource): Xml | undefined {
  const said = stringAt(order, 'priority');
  const found = Object.entries(PRIORITIES).find(([, known]) => known === said)?.[0];
  return found === undefined ? undefined : code('priorityCode', found, OID.actPriority, said);
}

/** The number of a referral: the initiator's identifier of type PLAC comes first. */
export function numbersOf(writing: Writing, order: Resource): readonly Xml[] {
  const identifiers = listAt<Identifier>(order, 'identifier');
  const isPlacer = ({ type }: Identifier) => type?.coding?.some((one) => one.code === 'PLAC') === true;
  const placers = identifiers
    .filter(isPlacer)
    .map(rootOf)
    .filter((root) => root !== undefined);
  return placers.length > 0 ? placers.map((root) => element('id', root)) : idsOf(writing, order);
}

export const writeReferral: WriteEntry = (writing, order, pieces) => {
  const reasons = reasonsOf(writing, order);
  const wanted = wantedOf(order);
  const cells = [
    wordsOf(conceptAt(order, 'code')),
    reasons.map(wordsOf).join('; '),
    dayOf(wanted.end ?? wanted.start),
  ];
  loseOthers(writing, order, CARRIED);
  const act = element(
    'act',
    { classCode: 'PCPR', moodCode: 'RQO' },
    templateIds(template('4.140')),
    numbersOf(writing, order),
    concept(writing, 'code', conceptAt(order, 'code'), { prefers: SNOMED, piece: pieces.name }),
    reference(pieces.row),
    status('active'),
    element(
      'effectiveTime',
      {},
      point('low', stringAt(order, 'authoredOn') ?? wanted.start ?? writing.time),
      wanted.end === undefined ? undefined : point('high', wanted.end),
    ),
    priorityOf(order),
    authorOf(writing, referenceAt(order, 'requester'), stringAt(order, 'authoredOn')),
    listAt<Reference>(order, 'performer').flatMap((one) => specialist(writing, partyOf(writing, one)) ?? []),
    listAt<CodeableConcept>(order, 'orderDetail').map((detail) => careModel(writing, detail)),
    reasons.map((reason) => indication(writing, reason, order.id ?? '')),
    comments(order),
  );
  return { entry: element('entry', {}, act), cells };
};

/** When it is wanted: from its occurrence. */
function wantedOf(order: Resource): { readonly start?: string; readonly end?: string } {
  const at = stringAt(order, 'occurrenceDateTime');
  const period = order['occurrencePeriod'] as { start?: string; end?: string } | undefined;
  return period ?? (at === undefined ? {} : { end: at });
}

/** Whom the referral goes to (participant of type REFT). */
function specialist(writing: Writing, party: Party): Xml | undefined {
  if (!isKnown(party)) return undefined;
  const named = party.person ?? party.organization;
  if (named === undefined) return undefined;
  return element(
    'participant',
    { typeCode: 'REFT' },
    element(
      'participantRole',
      {},
      idsOf(writing, named),
      addresses(party.person?.['address'] === undefined ? party.organization : party.person),
      telecoms(party.role, party.person, party.organization),
      element(
        'playingEntity',
        {},
        party.person === undefined
          ? (texted('name', party.organization?.['name'] as string | undefined) ?? nothing('name', 'UNK'))
          : personName(party.person),
      ),
    ),
  );
}

/** How the care is to be shared. */
const careModel = (writing: Writing, detail: CodeableConcept): Xml =>
  element(
    'entryRelationship',
    { typeCode: 'SUBJ' },
    element(
      'observation',
      { classCode: 'OBS', moodCode: 'RQO' },
      code('code', 'ASSERTION', OID.actCode),
      status('completed'),
      concept(writing, 'value', detail, { attributes: { 'xsi:type': 'CD' }, prefers: SNOMED }),
    ),
  );

const MOODS: Readonly<Record<string, string>> = { plan: 'INT', proposal: 'PRP', directive: 'INT' };

/** An order of the plan: a Planned Procedure. */
export const writePlanned: WriteEntry = (writing, order, pieces) => {
  const reasons = reasonsOf(writing, order);
  const wanted = wantedOf(order);
  const cells = [
    wordsOf(conceptAt(order, 'code')),
    reasons.map(wordsOf).join('; '),
    dayOf(wanted.end ?? wanted.start),
  ];
  const said = stringAt(order, 'status');
  if (said !== 'active' && said !== 'on-hold') {
    lose(
      writing,
      'unmapped',
      order,
      'status',
      `an order that is ${said ?? 'of no status'} is not planned any more`,
    );
    return { entry: undefined, cells };
  }
  loseOthers(writing, order, CARRIED);
  const at = stringAt(order, 'occurrenceDateTime');
  const procedure = element(
    'procedure',
    {
      classCode: 'PROC',
      moodCode: MOODS[stringAt(order, 'intent') ?? ''] ?? 'RQO',
      negationInd: order['doNotPerform'] === true ? 'true' : undefined,
    },
    templateIds(template('4.41', '2014-06-09')),
    idsOf(writing, order),
    concept(writing, 'code', conceptAt(order, 'code'), { prefers: SNOMED, piece: pieces.name }),
    reference(pieces.row),
    status('active'),
    at === undefined ? interval('effectiveTime', wanted) : point('effectiveTime', at),
    priorityOf(order),
    authorOf(writing, referenceAt(order, 'requester'), stringAt(order, 'authoredOn')),
    reasons.map((reason) => indication(writing, reason, order.id ?? '')),
    comments(order),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, procedure), cells };
};
