/** The agents of an AuditEvent: who acted, who kept, who was told (IHE BALP; rules 2.8, harmony Z35). */
import type { AuditEventAgent } from '../fhir/types.ts';
import { USER_ROLE_SYSTEM } from '../identity/roles.ts';
import { BASES, isBasis } from '../policies/basis.ts';
import type { AuditEntry } from '../ports/store.ts';
import { agentsElsewhere, sectionElsewhere } from './audit-elsewhere.ts';
import {
  AUTHORIZER,
  BASIS_POLICY,
  DESTINATION,
  KEEPER,
  OTHER_ID,
  PROVIDER,
  SITTING_SYSTEMS,
  type AuditPattern,
} from './audit-patterns.ts';
import { codedAs, decidedByConsent, observerOf, type AuditSeeing, type AuditSource } from './audit-viewer.ts';

/**
 * The agents that are known and that the viewer may see: user, client, organization, server, receiver. The first of
 * them is the requestor.
 */
export function auditAgents(
  entry: AuditEntry,
  pattern: AuditPattern,
  source: AuditSource,
  seeing: AuditSeeing,
): AuditEventAgent[] {
  const acts = seeing.own && (entry.delivery === undefined || entry.event === 'message-sent');
  const agents = [
    ...(acts ? userOf(entry, pattern) : []),
    ...(acts ? [clientOf(entry, pattern)] : []),
    ...organizationOf(entry),
    ...keeperOf(entry),
    serverOf(pattern, source),
    ...receiverOf(entry, source),
    ...untoldOf(entry, seeing),
    ...(seeing.own ? agentsElsewhere(entry) : []),
    ...authorizerOf(entry, seeing),
  ];
  const policy = policiesOf(entry);
  const extension = acts ? sittingOf(entry.agent) : [];
  return agents.map((agent, position) => ({
    ...agent,
    ...(position === 0 && extension.length > 0 && { extension }),
    requestor: position === 0,
    ...(position === 0 && policy.length > 0 && { policy }),
  }));
}

/** The sitting, as identifiers of the requesting agent beside its own (audit-compliance AU13, harmony Z35). */
function sittingOf({ session, tab, amr = [], authTime }: AuditEntry['agent']) {
  const identifiers = [
    session !== undefined && { system: SITTING_SYSTEMS.session, value: session },
    tab !== undefined && { system: SITTING_SYSTEMS.tab, value: tab },
    ...amr.map((value) => ({ system: SITTING_SYSTEMS.amr, value })),
    authTime !== undefined && { system: SITTING_SYSTEMS.authTime, value: new Date(authTime).toISOString() },
  ];
  return identifiers
    .filter((one) => one !== false)
    .map((valueIdentifier) => ({ url: OTHER_ID, valueIdentifier }));
}

const CFR = 'https://www.ecfr.gov/current/title-45/section-';

/** The one basis of a disclosure, and the section of the law that it stands in (compliance B34, V2; harmony Z35). */
function policiesOf(entry: AuditEntry): string[] {
  const section = sectionElsewhere(entry);
  if (section !== undefined) return [`${BASIS_POLICY}${entry.elsewhere?.basis}`, `${CFR}${section}`];
  const { basis } = entry;
  return isBasis(basis) ? [`${BASIS_POLICY}${basis}`, `${CFR}${BASES[basis].section}`] : [];
}

type Participant = Omit<AuditEventAgent, 'requestor'>;

/** The person behind the client: the token's fhirUser, or a subject that is not the client itself. */
function userOf(
  { agent: { user, name, subject, client, roles = [], reason } }: AuditEntry,
  { user: type }: AuditPattern,
): Participant[] {
  const named = name !== undefined && { name };
  const said = reason === undefined ? [] : [{ text: `reason: ${reason}` }];
  const hats = roles.length + said.length > 0 && {
    role: [...roles.map((code) => ({ coding: [{ system: USER_ROLE_SYSTEM, code }] })), ...said],
  };
  if (user !== undefined && user !== '') {
    const who = { reference: user, ...(subject && { identifier: { value: subject } }) };
    return [{ type: codedAs(type), ...hats, who, ...named }];
  }
  return subject === '' || subject === client
    ? []
    : [{ type: codedAs(type), ...hats, who: { identifier: { value: subject } }, ...named }];
}

function clientOf({ agent: { client, address } }: AuditEntry, { client: type }: AuditPattern): Participant {
  return {
    type: codedAs(type),
    ...(client && { who: { identifier: { value: client } } }),
    ...(address && { network: { address, type: '2' } }),
  };
}

function organizationOf({ agent: { organization, onBehalfOf } }: AuditEntry): Participant[] {
  const shown = onBehalfOf ?? organization;
  if (shown === '') return [];
  return [
    {
      type: codedAs(PROVIDER),
      ...(onBehalfOf && { role: [{ text: 'an administrator acted for this organization' }] }),
      who: { reference: shown },
    },
  ];
}

function serverOf({ server }: AuditPattern, source: AuditSource): Participant {
  const { name, base } = source;
  return {
    type: codedAs(server),
    who: observerOf(source),
    network: base === undefined ? { address: name, type: '1' } : { address: base, type: '5' },
  };
}

/** Who kept what was told. */
function keeperOf({ delivery }: AuditEntry): Participant[] {
  const from = delivery?.from;
  return from === undefined ? [] : [{ type: codedAs(KEEPER), who: { reference: from } }];
}

/**
 * The receiver of a delivery: the organization that was told, at the address that its Endpoint has here. `who` cannot refer
 * to a Subscription or an Endpoint; the entity beside it does.
 */
function receiverOf({ delivery }: AuditEntry, { base, name }: AuditSource): Participant[] {
  const type = codedAs(DESTINATION);
  if (delivery === undefined) return [];
  const { receiver, to } = delivery;
  const network =
    base === undefined
      ? { address: name, type: '1' as const }
      : { address: `${base}/${receiver}`, type: '5' as const };
  if (to === undefined) return [{ type, who: { identifier: { value: receiver } } }];
  return [{ type, who: { reference: to, identifier: { value: receiver } }, network }];
}

/** Whom a refused request would have told. Nobody but its own side learns of the attempt. */
const untoldOf = ({ refusedTo }: AuditEntry, { own }: AuditSeeing): Participant[] =>
  refusedTo === undefined || !own ? [] : [{ type: codedAs(DESTINATION), who: { reference: refusedTo } }];

/** The patient who wrote or gave the Consent that decided. */
function authorizerOf(entry: AuditEntry, { discloses }: AuditSeeing): Participant[] {
  const [patient, ...others] = entry.patients;
  const isGiven =
    discloses && entry.delivery !== undefined && entry.outcome === '0' && decidedByConsent(entry);
  return isGiven && patient !== undefined && others.length === 0
    ? [{ type: codedAs(AUTHORIZER), who: { reference: patient } }]
    : [];
}
