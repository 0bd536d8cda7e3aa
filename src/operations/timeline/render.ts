/**
 * Renders a step as a Provenance (http://hl7.org/fhir/R4/provenance.html), R4's own way to say which versions an action
 * made, and when. The details of a referral stand in one extension, whose parts have fixed names, so that a user
 * interface reads one place.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import type { AuditEntry } from '../../ports/store.ts';
import { idOf, valuesAt } from '../../resources/element.ts';
import { describeState, ALL_STATES } from '../../referral/state.ts';
import { TRANSACTIONS } from '../../referral/transactions.ts';
import { EVENT_SYSTEM, FATE_SYSTEM } from '../../resources/message-codes.ts';
import type { Caller } from '../request.ts';
import { heldBy } from '../work-item.ts';
import {
  STEP_KINDS,
  type Delivery,
  type StepKind,
  type TimelineParties,
  type TimelineStep,
  type Written,
} from './step.ts';

const CANONICAL = 'https://closeloop.dev/fhir';
/** The extension on each Provenance. */
export const STEP_URL = `${CANONICAL}/StructureDefinition/timeline-step`;
export const KIND_SYSTEM = `${CANONICAL}/CodeSystem/timeline-step`;
export const ROLE_SYSTEM = `${CANONICAL}/CodeSystem/referral-party`;
/** The codes of the extension. */
export const TIMELINE_ROLES = ['initiator', 'recipient', 'other'] as const;
const AGENT_SYSTEM = 'http://terminology.hl7.org/CodeSystem/provenance-participant-type';

interface Viewing {
  readonly caller: Caller;
  readonly parties: TimelineParties;
  /** The server's name for itself. */
  readonly source: string;
}

export function renderStep(step: TimelineStep, viewing: Viewing): Resource {
  const { seq, at, written, rows } = step;
  const [first] = written;
  if (first?.kind === 'past') return renderPast(first);
  const isHeld = first?.kind === 'held';
  const transition = isHeld ? undefined : rows.find((row) => row.transition !== undefined)?.transition;
  const kind = transition === undefined ? kindOf(written) : 'move';
  const outputs = outputsOf(written);
  return {
    resourceType: 'Provenance',
    id: `step-${seq}${isHeld ? '-held' : ''}`,
    extension: [
      { url: STEP_URL, extension: [{ url: 'kind', valueCode: kind }, ...partsOf(step, transition, viewing)] },
    ],
    target: written.map(({ version }) => ({ reference: `${version.ref}/_history/${version.seq}` })),
    occurredDateTime: at,
    recorded: at,
    activity: activityOf(kind, written, transition),
    agent: agentsOf(rows, viewing),
    ...(outputs.length > 0 && {
      entity: outputs.map((reference) => ({ role: 'source', what: { reference } })),
    }),
  };
}

/** A step that an import recorded has its own words. */
function renderPast({ version: { ref }, resource = { resourceType: 'Provenance' } }: Written): Resource {
  const extension = [{ url: STEP_URL, extension: [{ url: 'kind', valueCode: 'past' }] }];
  const { meta: _meta, text: _text, ...elements } = resource;
  return { ...elements, id: idOf(ref), extension };
}

const kindOf = (written: readonly Written[]): StepKind =>
  STEP_KINDS.find((kind) => written.some((one) => one.kind === kind)) ?? 'edit';

// — the extension

type Transition = NonNullable<AuditEntry['transition']>;
type Part = { readonly url: string } & Readonly<Record<string, unknown>>;

function partsOf(
  { written, deliveries }: TimelineStep,
  transition: Transition | undefined,
  viewing: Viewing,
): readonly Part[] {
  return [
    ...(transition === undefined ? [] : moveParts(transition)),
    ...written.flatMap(({ kind, resource }) => statusParts(kind, resource)),
    ...deliveries.map((delivery) => deliveryPart(delivery, viewing)),
  ];
}

function moveParts({ tid, event, from, to }: Transition): readonly Part[] {
  const transaction = TRANSACTIONS.find((one) => one.event === event)?.transaction;
  return [
    { url: 'tid', valueString: tid },
    { url: 'event', valueCode: event },
    { url: 'from', valueCode: from },
    { url: 'to', valueCode: to },
    ...(transaction === undefined ? [] : [{ url: 'transaction', valueCode: transaction }]),
  ];
}

/** The status of a visit, a work item or a message. */
function statusParts(kind: StepKind, resource: Resource | undefined): readonly Part[] {
  if (kind === 'message') {
    const fate = codeIn(resource, 'category', FATE_SYSTEM);
    return fate === undefined ? [] : [{ url: 'fate', valueCode: fate }];
  }
  if (kind === 'held') return [{ url: 'held', valueString: heldBy(resource) ?? '' }];
  const status = resource?.['status'];
  if (kind !== 'visit' && kind !== 'work') return [];
  return [{ url: kind, valueCode: typeof status === 'string' ? status : 'deleted' }];
}

/** Only the organization that should have received a delivery sees why it did not. */
function deliveryPart({ row, to, state: shown }: Delivery, { caller }: Viewing): Part {
  const { rail, state, attempt, due, why } = row;
  const isSettled = state !== 'waiting' && state !== 'leased';
  const isOwn = caller.administrator || caller.organization === to;
  return {
    url: 'delivery',
    extension: [
      { url: 'rail', valueCode: rail },
      { url: 'to', valueReference: { reference: to } },
      { url: 'fate', valueCode: isSettled ? state : 'waiting' },
      { url: 'state', valueCode: shown },
      ...(attempt > 0 ? [{ url: 'attempts', valuePositiveInt: attempt }] : []),
      ...(isSettled ? [{ url: 'at', valueInstant: new Date(due).toISOString() }] : []),
      ...(isOwn && isSettled && state !== 'accepted' && why !== '' ? [{ url: 'why', valueString: why }] : []),
    ],
  };
}

// — R4's own elements

function activityOf(kind: StepKind, written: readonly Written[], transition: Transition | undefined) {
  return {
    coding: [
      { system: KIND_SYSTEM, code: kind },
      ...(transition === undefined ? [] : [{ system: EVENT_SYSTEM, code: transition.event }]),
    ],
    text: transition === undefined ? titleOf(kind, written) : moveTitle(transition),
  };
}

function moveTitle({ event, to }: Transition): string {
  const state = ALL_STATES.find((one) => one === to);
  return `${event.replaceAll('-', ' ')}: ${state === undefined ? to : describeState(state)}`;
}

const TITLES: Readonly<Record<StepKind, string>> = {
  move: 'moved',
  visit: 'visit',
  held: 'held',
  work: 'work item',
  message: 'message',
  document: 'document',
  communication: 'communication',
  order: 'order',
  edit: 'edited without a move',
  past: 'before it was brought here',
};

function titleOf(kind: StepKind, written: readonly Written[]): string {
  const one = written.find((each) => each.kind === kind);
  if (kind === 'held') return `${TITLES.held}: ${heldBy(one?.resource) ?? ''}`;
  const status = one?.resource === undefined ? 'deleted' : one.resource['status'];
  const what = kind === 'message' ? valuesAt(one?.resource, 'type.text')[0] : undefined;
  const fate = kind === 'message' ? codeIn(one?.resource, 'category', FATE_SYSTEM) : status;
  return [TITLES[kind], what, fate].filter((word) => typeof word === 'string').join(' ');
}

/** The agent: the organization in its role; the user only for its own organization (rules 2.8). */
function agentsOf(rows: readonly AuditEntry[], { caller, parties, source }: Viewing): readonly object[] {
  const organizations = new Set(rows.map(({ agent }) => agent.organization).filter((one) => one !== ''));
  const type = { coding: [{ system: AGENT_SYSTEM, code: 'author' }] };
  if (organizations.size === 0) return [{ type, who: { display: source } }];
  return [...organizations].map((organization) => {
    const user = rows.find(({ agent }) => agent.organization === organization)?.agent.user;
    const isOwn = caller.administrator || caller.organization === organization;
    return {
      type,
      role: rolesOf(organization, parties).map((code) => ({ coding: [{ system: ROLE_SYSTEM, code }] })),
      who: { reference: organization, ...(isOwn && user !== undefined && { display: user }) },
    };
  });
}

function rolesOf(
  organization: Ref,
  { initiator, recipient }: TimelineParties,
): readonly (typeof TIMELINE_ROLES)[number][] {
  const roles: (typeof TIMELINE_ROLES)[number][] = [
    ...(organization === initiator ? ['initiator' as const] : []),
    ...(organization === recipient ? ['recipient' as const] : []),
  ];
  return roles.length === 0 ? ['other'] : roles;
}

/** The notes and outcomes that the Task has as of the step. */
const outputsOf = (written: readonly Written[]): readonly string[] =>
  written
    .filter(({ kind }) => kind === 'edit')
    .flatMap(({ resource }) => valuesAt(resource, 'output.valueReference.reference'))
    .filter((reference) => typeof reference === 'string');

function codeIn(resource: Resource | undefined, path: string, system: string): string | undefined {
  const codings = valuesAt(resource, `${path}.coding`) as readonly { system?: string; code?: string }[]; // Codings
  return codings.find((coding) => coding.system === system)?.code;
}
