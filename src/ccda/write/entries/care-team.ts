/** CareTeam as a Care Team Organizer. */
import type { CodeableConcept, Period, Reference, Resource } from '../../../fhir/types.ts';
import { assigned, authorOf, isKnown, partyOf } from '../party.ts';
import { template, templateIds } from '../templates.ts';
import { code, concept, idsOf, interval } from '../values.ts';
import { element, type Xml } from '../../../xml/elements.ts';
import { lose, loseOthers, type Writing } from '../writing.ts';
import { dayOf, listAt, OID, status, stringAt, wordsOf, type WriteEntry } from './entry.ts';

const CARRIED = ['identifier', 'status', 'name', 'subject', 'encounter', 'period', 'participant'];

export const CARE_TEAM_COLUMNS = ['Team', 'Members', 'Since'] as const;

interface Member {
  readonly role?: readonly CodeableConcept[];
  readonly member?: Reference;
  readonly period?: Period;
}

export const writeCareTeam: WriteEntry = (writing, team, pieces) => {
  const members = listAt<Member>(team, 'participant');
  const period = team['period'] as Period | undefined;
  const said = stringAt(team, 'status') ?? '';
  const written = members
    .map((member, index) => memberOf(writing, team, member, index))
    .filter((one) => one !== undefined);
  const cells = [
    stringAt(team, 'name') ?? 'Care team',
    members
      .map(({ role = [], member }) => member?.display ?? role.map(wordsOf).join(', '))
      .filter((words) => words !== '')
      .join('; '),
    dayOf(period?.start),
  ];
  if (said === 'proposed' || written.length === 0) {
    lose(writing, 'unmapped', team, 'participant', 'a team without known members is told in words alone');
    return { entry: undefined, cells };
  }
  if (said === '') lose(writing, 'defaulted', team, 'status', 'a team of no status is active');
  loseOthers(writing, team, CARRIED);
  const organizer = element(
    'organizer',
    { classCode: 'CLUSTER', moodCode: 'EVN' },
    templateIds(template('4.500', '2022-06-01', false)),
    idsOf(writing, team),
    element(
      'code',
      { code: '86744-0', codeSystem: OID.loinc, displayName: 'Care team' },
      element('originalText', {}, element('reference', { value: `#${pieces.name}` })),
    ),
    status(said === 'inactive' ? 'completed' : said === 'suspended' ? 'suspended' : 'active'),
    interval('effectiveTime', {
      ...(period?.start !== undefined && { start: period.start }),
      ...(period?.end !== undefined && { end: period.end }),
    }),
    authorOf(writing, members[0]?.member, undefined),
    written,
  );
  return { entry: element('entry', {}, organizer), cells };
};

function memberOf(
  writing: Writing,
  team: Resource,
  { role = [], member, period }: Member,
  index: number,
): Xml | undefined {
  const party = partyOf(writing, member);
  if (!isKnown(party)) {
    lose(writing, 'unresolved', team, `participant[${index}]`, 'the member is not told');
    return undefined;
  }
  const [first, ...others] = role;
  if (others.length > 0)
    lose(writing, 'unmapped', team, `participant[${index}].role`, 'only the first role is told');
  return element(
    'component',
    {},
    element(
      'act',
      { classCode: 'PCPR', moodCode: 'EVN' },
      templateIds(template('4.500.1', '2022-06-01', false)),
      element('id', { root: writing.actId(`member ${team.id ?? ''} ${index}`) }),
      code('code', '85847-2', OID.loinc, 'Patient Care team information'),
      status('active'),
      interval('effectiveTime', { ...period }),
      element(
        'performer',
        { typeCode: 'PRF' },
        first === undefined ? undefined : concept(writing, 'sdtc:functionCode', first),
        assigned(writing, 'assignedEntity', party),
      ),
    ),
  );
}
