/** Care Team Organizer: a CareTeam with its members. */
import { table } from '../../table.ts';
import type { XmlElement } from '../../../xml/tree.ts';
import { attributeOf, childOf, childrenOf, isNegated } from '../../element.ts';
import { readConcept } from '../concept.ts';
import { actIn, commonOf, isKind, statusOf, type EntryContext } from '../entry.ts';
import { readParty } from '../parties.ts';
import { add, lose, trimmed, type Reading } from '../reading.ts';
import { readText } from '../text.ts';
import { periodOf, readInterval } from '../time.ts';

export const isCareTeam = (organizer: XmlElement): boolean => isKind(organizer, '4.500', '86744-0');

const STATUSES: Readonly<Record<string, string>> = table({
  active: 'active',
  completed: 'inactive',
  suspended: 'suspended',
  aborted: 'inactive',
  cancelled: 'inactive',
  held: 'suspended',
  obsolete: 'inactive',
  nullified: 'entered-in-error',
});

/** Adds the CareTeam. */
export function readCareTeam(context: EntryContext, organizer: XmlElement): void {
  const { reading } = context;
  const members = childrenOf(organizer, 'component').flatMap(
    (component) => memberOf(reading, component) ?? [],
  );
  add(reading, {
    resourceType: 'CareTeam',
    ...commonOf(reading, organizer),
    status: STATUSES[statusOf(organizer)] ?? 'active',
    name: readText(reading, childOf(childOf(organizer, 'code'), 'originalText')),
    subject: context.patient,
    period: periodOf(readInterval(reading, childOf(organizer, 'effectiveTime'))),
    participant: members,
  });
}

/** A member act: who, in which role, since when. The type of the team is no member. */
function memberOf(reading: Reading, component: XmlElement): object | undefined {
  const act = actIn(component);
  if (act?.name !== 'act') return undefined;
  if (isNegated(act) || statusOf(act) === 'nullified') {
    lose(reading, 'unmapped', act, 'who is no member of the team stays in the document');
    return undefined;
  }
  const performer = childOf(act, 'performer');
  const member = readParty(reading, childOf(performer, 'assignedEntity')) ?? otherMember(reading, act);
  const role =
    readConcept(reading, childOf(performer, 'sdtc:functionCode')) ??
    readConcept(reading, childOf(performer, 'functionCode'));
  if (member === undefined && role === undefined) {
    lose(reading, 'unmapped', act, 'the member of the team is not named');
    return undefined;
  }
  return trimmed({
    role: role === undefined ? [] : [role],
    member,
    period: periodOf(readInterval(reading, childOf(act, 'effectiveTime'))),
  });
}

/** A member who is no clinician takes part. */
const otherMember = (reading: Reading, act: XmlElement) =>
  childrenOf(act, 'participant')
    .filter((one) => attributeOf(one, 'typeCode') === 'IND')
    .map((one) => readParty(reading, childOf(one, 'participantRole')))
    .find((one) => one !== undefined);
