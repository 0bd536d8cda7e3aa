/** Parts of acts that no reader reads: each that a document has is a loss. */
import { table } from '../../table.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { childrenOf, elementsOf, hasNegation, isQualifiedAbsent, SDTC } from '../../element.ts';
import { actIn } from '../entry.ts';
import { lose, type Reading } from '../reading.ts';

/** What every act has, and every reader reads. */
const COMMON = [
  'templateId',
  'id',
  'code',
  'text',
  'statusCode',
  'effectiveTime',
  'performer',
  'author',
  'entryRelationship',
];

/** The children that are read, by the element of the act. */
const READ: Readonly<Record<string, ReadonlySet<string>>> = table({
  act: new Set([...COMMON, 'priorityCode', 'participant']),
  encounter: new Set([...COMMON, 'participant', 'sdtc:dischargeDispositionCode']),
  observation: new Set([
    ...COMMON,
    'priorityCode',
    'value',
    'interpretationCode',
    'methodCode',
    'targetSiteCode',
    'participant',
    'referenceRange',
  ]),
  organizer: new Set([...COMMON, 'component', 'subject', 'sdtc:text']),
  procedure: new Set([...COMMON, 'priorityCode', 'targetSiteCode', 'participant']),
  substanceAdministration: new Set([
    ...COMMON,
    'repeatNumber',
    'routeCode',
    'approachSiteCode',
    'doseQuantity',
    'rateQuantity',
    'maxDoseQuantity',
    'consumable',
    'precondition',
  ]),
  supply: new Set([...COMMON, 'repeatNumber', 'quantity']),
});

/** Tells what an act, and the acts within it, have besides. */
export function tellUnread(reading: Reading, act: XmlElement): void {
  const read = READ[act.name];
  tellQualifiers(reading, act);
  for (const child of elementsOf(act)) {
    const name = child.namespace === SDTC ? `sdtc:${child.name}` : child.name;
    if (read?.has(name) === false)
      lose(reading, 'unmapped', child, 'this part of the entry stays in the document');
    if (child.name !== 'entryRelationship' && child.name !== 'component') continue;
    const inner = actIn(child);
    if (inner !== undefined) tellUnread(reading, inner);
  }
}

/** Qualifiers change what a code means. That it is absent is read; said twice, it is read once. */
function tellQualifiers(reading: Reading, act: XmlElement): void {
  if (isQualifiedAbsent(act)) {
    if (hasNegation(act))
      lose(reading, 'narrowed', act, 'it is negated and said to be absent: it is read as absent');
    return;
  }
  for (const coded of ['code', 'value'].flatMap((name) => childrenOf(act, name)))
    for (const qualifier of childrenOf(coded, 'qualifier'))
      lose(reading, 'unmapped', qualifier, 'a qualifier of a code has no place in FHIR');
}
