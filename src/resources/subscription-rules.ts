/**
 * The rules of a plain R4 Subscription (http://hl7.org/fhir/R4/subscription.html), the status that the server gives it,
 * and the masks of its headers (rules 6.2).
 */
import { OperationOutcomeError, type IssueDetail } from '../fhir/issue.ts';
import type { Resource, Subscription } from '../fhir/types.ts';
import type { Clause } from '../ports/query.ts';
import { judgeAddress } from './address-rules.ts';
import type { Transform, Rules, Ruling, RuleContext } from './rules.ts';
import { R4_TYPES } from './search-parameters.ts';
import { parseCondition } from './search-query.ts';
import { judgeEndpoint, judgeHeaders, maskHeader, unmaskHeaders } from './subscription-channel.ts';

/** `Type?query` of `Subscription.criteria`. */
export interface Criteria {
  readonly type: string;
  readonly where: Clause;
}

/** The context in which criteria are parsed: our own base, by which we recognise our own references, and `now`. */
export interface CriteriaOptions {
  readonly base: string;
  readonly now: number;
}

const CRITERIA = /^([A-Z][A-Za-z]{1,63})(?:\?(.*))?$/s;
const CRITERIA_LENGTH_MAX = 2048;

/**
 * Reads `Subscription.criteria`: a search by the resource's own parameters, without chains.
 *
 * @throws OperationOutcomeError that names the fault
 */
export function parseCriteria(text: string, options: CriteriaOptions): Criteria {
  const [, type, query = ''] = CRITERIA.exec(text) ?? [];
  if (type === undefined || text.length > CRITERIA_LENGTH_MAX)
    throw refusal('criteria must be Type?parameters');
  if (!R4_TYPES.includes(type)) throw refusal(`${type} is not a resource type`);
  if (type === 'AuditEvent') throw refusal('AuditEvents start no Subscription');
  const where = query === '' ? ({ kind: 'all', of: [] } as const) : parseCondition(type, query, options);
  if (leavesResource(where))
    throw refusal('criteria must be on the own parameters of the resource, without chains');
  return { type, where };
}

/** Whether a clause looks at another resource than the tested one. */
function leavesResource(clause: Clause): boolean {
  if (clause.kind === 'chain' || clause.kind === 'has') return true;
  if (clause.kind === 'not') return leavesResource(clause.clause);
  return (clause.kind === 'all' || clause.kind === 'any') && clause.of.some(leavesResource);
}

const refusal = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('subscription-refused', { diagnostics });

/** A Subscription as the server shows it to anyone, its own organization included: header values are masked. */
export function maskSecrets(resource: Resource): Resource {
  return changeHeaders(resource, (lines) => lines.map(maskHeader));
}

/** The rules of a Subscription; the first broken rule is the refusal. */
export const subscriptionRules: Rules = async ({ before, after }, context) => {
  if (after === undefined) return {};
  const stored = before as Subscription | undefined; // the registry asks this rule about Subscriptions only
  // A secret belongs to one address: another endpoint needs its own.
  const isSameAddress = (after as unknown as Subscription).channel?.endpoint === stored?.channel?.endpoint;
  const known = isSameAddress ? (stored?.channel?.header ?? []) : [];
  const restore: Transform = (tree) => changeHeaders(tree, (lines) => unmaskHeaders(lines, known));
  const written = restore(after) as unknown as Subscription; // rules see only structurally valid resources
  for (const judge of JUDGES) {
    const refused = judge({ stored, written, context });
    if (refused !== undefined) return refuse(...refused);
  }
  const refused = await judgeDestination(stored, written, context);
  if (refused !== undefined) return { refused };
  return { transform: (tree) => activate(restore(tree)) };
};

interface SubscriptionRequest {
  readonly stored: Subscription | undefined;
  readonly written: Subscription;
  readonly context: RuleContext;
}

type Refused = readonly [expression: string, diagnostics: string] | undefined;

/** Each returns the place and the fault, in words. */
const JUDGES: readonly ((asked: SubscriptionRequest) => Refused)[] = [
  judgeOwner,
  judgeStatus,
  judgeEnd,
  judgeCriteria,
  judgeChannel,
  judgeSecrets,
];

function judgeOwner({ stored, context }: SubscriptionRequest): Refused {
  if (stored !== undefined || context.actor !== undefined) return undefined;
  return ['Subscription', 'a Subscription belongs to an organization: act for the one that shall be told'];
}

/** A client submits `requested` or `off`; only the server makes a Subscription `active` or `error`. */
function judgeStatus({ stored, written: { status } }: SubscriptionRequest): Refused {
  if (status === 'requested' || status === 'off' || status === stored?.status) return undefined;
  return ['Subscription.status', 'status must be requested or off; the server makes it active'];
}

function judgeEnd({ written: { end, status }, context }: SubscriptionRequest): Refused {
  if (end === undefined || status === 'off' || Date.parse(end) > Date.parse(context.now)) return undefined;
  return ['Subscription.end', 'end must be in the future'];
}

/** The base does not change whether criteria can be parsed. */
const ANY_BASE = 'http://base.invalid';

function judgeCriteria({ written: { criteria }, context }: SubscriptionRequest): Refused {
  try {
    parseCriteria(criteria, { base: ANY_BASE, now: Date.parse(context.now) });
    return undefined;
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    return ['Subscription.criteria', error.issues[0]?.diagnostics ?? error.code];
  }
}

function judgeChannel({ written: { channel } }: SubscriptionRequest): Refused {
  if (channel.type !== 'rest-hook') return ['Subscription.channel.type', 'the only channel is rest-hook'];
  if (channel.payload !== undefined && channel.payload !== 'application/fhir+json') {
    return ['Subscription.channel.payload', 'payload must be application/fhir+json, or absent'];
  }
  const endpoint = judgeEndpoint(channel.endpoint);
  if (endpoint !== undefined) return ['Subscription.channel.endpoint', endpoint];
  const header = judgeHeaders(channel.header ?? []);
  return header === undefined ? undefined : ['Subscription.channel.header', header];
}

/** A Subscription that a write only switches off keeps its address, whatever has become of the address. */
async function judgeDestination(
  stored: Subscription | undefined,
  { status, channel: { endpoint = '' } }: Subscription,
  context: RuleContext,
): Promise<IssueDetail | undefined> {
  if (status === 'off' && endpoint === stored?.channel.endpoint) return undefined;
  const destination = { purpose: 'rest-hook', address: endpoint } as const;
  return judgeAddress(destination, 'Subscription.channel.endpoint', context);
}

const SECRET_LENGTH_MIN = 8;

/**
 * Refuses a stored secret in an element that the server shows, to which a patch could copy it. The payload is a code and
 * never holds one.
 */
function judgeSecrets({ stored, written }: SubscriptionRequest): Refused {
  const { payload: _code, ...channel } = written.channel;
  const shown = JSON.stringify(maskSecrets({ ...written, channel } as unknown as Resource));
  const copied = (stored?.channel.header ?? [])
    .map((line) => line.slice(line.indexOf(':') + 1).trim())
    .some(
      (secret) => secret.length >= SECRET_LENGTH_MIN && shown.includes(JSON.stringify(secret).slice(1, -1)),
    );
  return copied
    ? ['Subscription.channel.header', 'a header value stands in another element, where it would be shown']
    : undefined;
}

const refuse = (expression: string, diagnostics: string): Ruling => ({
  refused: { code: 'subscription-refused', expression: [expression], diagnostics },
});

const activate = (tree: Resource): Resource =>
  tree['status'] === 'requested' ? { ...tree, status: 'active' } : tree;

function changeHeaders(tree: Resource, change: (lines: readonly string[]) => readonly string[]): Resource {
  const channel = tree['channel'] as { readonly header?: unknown } | undefined;
  if (!Array.isArray(channel?.header)) return tree;
  const header = change(channel.header.filter((line) => typeof line === 'string'));
  return { ...tree, channel: { ...channel, header } };
}
