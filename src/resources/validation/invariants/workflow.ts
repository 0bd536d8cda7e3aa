/** Invariants of people, organizations, orders, visits and payment. */
import { isSurelyAfter } from '../moments.ts';
import {
  atLeastOne,
  has,
  notAtHome,
  notBoth,
  oneOf,
  row,
  together,
  treeOf,
  treesOf,
  type Invariant,
  type Tree,
} from './row.ts';

export const WORKFLOW: Readonly<Record<string, readonly Invariant[]>> = {
  Appointment: [
    row(
      'app-2',
      'start and end come together',
      (appointment) => has(appointment, 'start') === has(appointment, 'end'),
    ),
    row(
      'app-3',
      'only a proposed, cancelled or waitlisted appointment may lack start and end',
      (appointment) =>
        (has(appointment, 'start') && has(appointment, 'end')) ||
        ['proposed', 'cancelled', 'waitlist'].includes(String(appointment['status'])),
    ),
    row(
      'app-4',
      'cancelationReason is for appointments that are cancelled or noshow',
      (appointment) =>
        !has(appointment, 'cancelationReason') ||
        ['noshow', 'cancelled'].includes(String(appointment['status'])),
    ),
  ],
  'Appointment.participant': [atLeastOne('app-1', 'type', 'actor')],
  Consent: [atLeastOne('ppc-1', 'policy', 'policyRule')],
  Organization: [
    atLeastOne('org-1', 'name', 'identifier'),
    notAtHome('org-2', 'address'),
    notAtHome('org-3', 'telecom'),
  ],
  'Patient.contact': [atLeastOne('pat-1', 'name', 'telecom', 'address', 'organization')],
  ServiceRequest: [together('prr-1', 'orderDetail', 'code')],
  Task: [
    row(
      'inv-1',
      'lastModified must not be before authoredOn',
      ({ authoredOn, lastModified }) => !isSurelyAfter(authoredOn, lastModified),
    ),
  ],

  AppointmentResponse: [atLeastOne('apr-1', 'participantType', 'actor')],
  'CarePlan.activity': [notBoth('cpl-3', 'detail', 'reference')],
  'CareTeam.participant': [
    row(
      'ctm-1',
      'onBehalfOf is for a member that is a Practitioner',
      (participant) =>
        !has(participant, 'onBehalfOf') ||
        ['Practitioner', undefined].includes(targetOf(treeOf(participant, 'member'))),
    ),
  ],
  'CoverageEligibilityResponse.insurance.item': [oneOf('ces-1', 'category', 'productOrService')],
  Group: [
    row(
      'grp-1',
      'only a group that is actual has members',
      (group) => !has(group, 'member') || group['actual'] === true,
    ),
  ],
  List: [
    notBoth('lst-1', 'emptyReason', 'entry'),
    row('lst-2', 'deleted is for lists of changes', (list) => everyMember(list, 'deleted', 'changes')),
    row('lst-3', 'an entry has a date in a working list only', (list) =>
      everyMember(list, 'date', 'working'),
    ),
  ],
  'RequestGroup.action': [oneOf('rqg-1', 'resource', 'action')],
};

/** The resource type of a literal reference when the text shows it; else undefined. */
function targetOf({ reference }: Tree): string | undefined {
  return typeof reference === 'string'
    ? /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9.-]+$/.exec(reference)?.[1]
    : undefined;
}

function everyMember(list: Tree, name: string, mode: string): boolean {
  return list['mode'] === mode || treesOf(list, 'entry').every((entry) => !has(entry, name));
}
