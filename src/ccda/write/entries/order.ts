/** ServiceRequest: the referral as a Patient Referral Act, another order as a planned procedure. */
import { table } from '../../table.ts';
import { SNOMED } from '../../systems.ts';
import type { CodeableConcept, Identifier, Reference, Resource } from '../../../fhir/types.ts';
import { PRIORITIES } from '../../concepts.ts';
import { isLaterTime } from '../../time.ts';
import { addresses, isKnown, partyOf, personName, specialtyOf, telecoms, type Party } from '../party.ts';
import { template, templateIds } from '../templates.ts';
import { code, concept, idsOf, interval, point, rootOf } from '../values.ts';
import { element, nothing, texted, type Xml } from '../../../xml/elements.ts';
import { lose, loseOthers, type Writing } from '../writing.ts';
import {
  authorship,
  comments,
  conceptAt,
  dayOf,
  indication,
  instruction,
  listAt,
  OID,
  orderWords,
  performers,
  reasonsOf,
  reference,
  status,
  stringAt,
  wordsOf,
  type Pieces,
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
  'patientInstruction',
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
  const others = { ...order, identifier: identifiers.filter((one) => !isPlacer(one)) };
  const hasOthers = others.identifier.length > 0 || placers.length === 0;
  return [...placers.map((root) => element('id', root)), ...(hasOthers ? idsOf(writing, others) : [])];
}

export const writeReferral: WriteEntry = (writing, order, pieces) => {
  const reasons = reasonsOf(writing, order);
  const wanted = wantedOf(order);
  const cells = [
    orderWords(order, wordsOf(conceptAt(order, 'code'))),
    reasons.map(wordsOf).join('; '),
    dayOf(wanted.end ?? wanted.start),
  ];
  const [intent, said] = [stringAt(order, 'intent') ?? '', stringAt(order, 'status') ?? ''];
  if (
    intent === 'proposal' ||
    order['doNotPerform'] === true ||
    !/^(?:active|on-hold|completed)$/.test(said)
  ) {
    lose(writing, 'unmapped', order, 'status', 'a referral that nobody asks for is told in words alone');
    return { entry: undefined, cells: [`${cells[0]} (${said} ${intent})`, ...cells.slice(1)] };
  }
  if (said !== 'active') lose(writing, 'narrowed', order, 'status', 'a Referral Act is always active');
  if (intent !== 'order') lose(writing, 'narrowed', order, 'intent', 'a Referral Act is an order');
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
      point('low', beginningOf(writing, order, wanted)),
      wanted.end === undefined ? undefined : point('high', wanted.end),
    ),
    priorityOf(order),
    authorship(writing, order, 'requester', 'authoredOn'),
    listAt<Reference>(order, 'performer').flatMap((one) => {
      const told = specialist(writing, partyOf(writing, one));
      if (told === undefined) lose(writing, 'unresolved', order, 'performer', 'refers to what is not told');
      return told ?? [];
    }),
    listAt<CodeableConcept>(order, 'orderDetail').map((detail) => careModel(writing, detail)),
    reasons.map((reason) => indication(writing, reason, order.id ?? '')),
    toldInstruction(writing, order, pieces),
    comments(writing, order, pieces),
  );
  return { entry: element('entry', {}, act), cells };
};

/** From when on it is wanted; the time of the order stands for a beginning that it does not name. */
function beginningOf(writing: Writing, order: Resource, { start, end }: Wanted): string | undefined {
  if (start !== undefined) return start;
  const authored = authoredBefore(order, end);
  if (authored !== undefined)
    lose(writing, 'defaulted', order, 'occurrencePeriod', 'the time of the order stands for its beginning');
  return authored;
}

interface Wanted {
  readonly start?: string;
  readonly end?: string;
}

/** When it is wanted: from its occurrence. */
function wantedOf(order: Resource): Wanted {
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
      specialtyOf(writing, party.role),
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

/** When it was asked for; it is not the beginning of a time that ended before. */
function authoredBefore(order: Resource, end: string | undefined): string | undefined {
  const authored = stringAt(order, 'authoredOn');
  return authored !== undefined && end !== undefined && isLaterTime(authored, end) ? undefined : authored;
}

function toldInstruction(writing: Writing, order: Resource, { tell }: Pieces): Xml | undefined {
  const words = stringAt(order, 'patientInstruction');
  return words === undefined ? undefined : instruction(writing, tell(words), order.id ?? '');
}

const MOODS: Readonly<Record<string, string>> = table({ plan: 'INT', proposal: 'PRP', directive: 'INT' });

/** An order of the plan: a Planned Procedure. */
export const writePlanned: WriteEntry = (writing, order, pieces) => {
  const reasons = reasonsOf(writing, order);
  const wanted = wantedOf(order);
  const cells = [
    orderWords(order, wordsOf(conceptAt(order, 'code'))),
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
    return { entry: undefined, cells: [`${cells[0]} (${said ?? ''})`, ...cells.slice(1)] };
  }
  if (said !== 'active') lose(writing, 'narrowed', order, 'status', 'what is planned is always active');
  const mood = MOODS[stringAt(order, 'intent') ?? ''] ?? 'RQO';
  if (!/^(?:order|plan|proposal)$/.test(stringAt(order, 'intent') ?? ''))
    lose(writing, 'narrowed', order, 'intent', 'C-CDA has orders, plans and proposals');
  loseOthers(writing, order, [...CARRIED.filter((name) => name !== 'orderDetail'), 'bodySite']);
  const at = stringAt(order, 'occurrenceDateTime');
  const procedure = element(
    'procedure',
    {
      classCode: 'PROC',
      moodCode: mood,
      negationInd: order['doNotPerform'] === true ? 'true' : undefined,
    },
    templateIds(template('4.41', '2014-06-09')),
    idsOf(writing, order),
    concept(writing, 'code', conceptAt(order, 'code'), { prefers: SNOMED, piece: pieces.name }),
    reference(pieces.row),
    status('active'),
    at === undefined ? interval('effectiveTime', wanted) : point('effectiveTime', at),
    priorityOf(order),
    listAt<CodeableConcept>(order, 'bodySite').map((site) =>
      concept(writing, 'targetSiteCode', site, { prefers: SNOMED }),
    ),
    performers(writing, order, listAt<Reference>(order, 'performer')),
    authorship(writing, order, 'requester', 'authoredOn'),
    reasons.map((reason) => indication(writing, reason, order.id ?? '')),
    toldInstruction(writing, order, pieces),
    comments(writing, order, pieces),
  );
  return { entry: element('entry', { typeCode: 'DRIV' }, procedure), cells };
};
