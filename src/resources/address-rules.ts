/**
 * The rules for addresses that a resource names and to which this server connects. The server asks the guard before it
 * stores one (rules 6.3).
 */
import { isDeepStrictEqual } from 'node:util';
import type { IssueDetail } from '../fhir/issue.ts';
import type { Resource } from '../fhir/types.ts';
import type { Admission, Destination, ConnectionPurpose } from '../ports/outgoing.ts';
import { localRef } from './element.ts';
import { directAddressOf, isDirectEndpoint } from './parties/direct-addresses.ts';
import type { Rules, RuleContext } from './rules.ts';

/** The refusal, with the same text for every reason: the reason would tell what lies behind the address. */
const REFUSALS: Readonly<Record<Exclude<Admission, 'admitted'>, Omit<IssueDetail, 'expression'>>> = {
  'not-allowed': {
    code: 'address-not-allowed',
    diagnostics: 'The policy of this server does not allow this address.',
  },
  'too-many': {
    code: 'too-many-requests',
    diagnostics: 'Your organization has reached its limit of new addresses today.',
  },
};

/** The reason why an address may not be written; undefined when it may. */
export async function judgeAddress(
  destination: Destination,
  expression: string,
  context: RuleContext,
): Promise<IssueDetail | undefined> {
  const by = context.administrator ? undefined : context.actor;
  const admission = await context.admitAddress(destination, by);
  return admission === 'admitted' ? undefined : { ...REFUSALS[admission], expression: [expression] };
}

/** The purpose of a connection to an Endpoint, by `Endpoint.connectionType`; other types have no rail here. */
const PURPOSES: ReadonlyMap<string | undefined, ConnectionPurpose> = new Map([['hl7v2-mllp', 'hl7v2-mllp']]);

interface EndpointElements {
  readonly address?: string;
  readonly status?: string;
  readonly connectionType?: { readonly code?: string };
}

/**
 * The rules of an Endpoint. An Endpoint of HL7 v2 is a link, which only an administrator makes (directory DR20). One
 * that a write only switches off keeps its address, whatever has become of the address.
 */
export const endpointRules: Rules = async ({ before, after }, context) => {
  if (!context.administrator && changesLink(before, after)) return { refused: NO_LINK };
  const written = after as EndpointElements | undefined; // rules see only structurally valid resources
  if (after !== undefined && isDirectEndpoint(after) && directAddressOf(after) === undefined)
    return { refused: NO_DIRECT_ADDRESS };
  const purpose = PURPOSES.get(written?.connectionType?.code);
  if (after === undefined || purpose === undefined || written?.address === undefined) return {};
  if (isEnded(written) && written.address === (before as EndpointElements | undefined)?.address) return {};
  const destination = { purpose, address: written.address, organization: localRef(managing(after)) };
  const refused = await judgeAddress(destination, 'Endpoint.address', context);
  return refused === undefined ? {} : { refused };
};

const NO_LINK: IssueDetail = {
  code: 'party-protected',
  diagnostics: 'Only an administrator creates or changes an Endpoint of HL7 v2 over MLLP.',
  expression: ['Endpoint.connectionType'],
};

const NO_DIRECT_ADDRESS: IssueDetail = {
  code: 'direct-address-invalid',
  diagnostics: 'It is no Direct address.',
  expression: ['Endpoint.address'],
};

const isLink = (endpoint: Resource | undefined): boolean =>
  PURPOSES.has((endpoint as EndpointElements | undefined)?.connectionType?.code);

/** Whether a write changes the link. A client may write back what it read. */
function changesLink(before: Resource | undefined, after: Resource | undefined): boolean {
  if (!isLink(before) && !isLink(after)) return false;
  return !isDeepStrictEqual(elementsOf(before), elementsOf(after));
}

function elementsOf(endpoint: Resource | undefined): unknown {
  if (endpoint === undefined) return undefined;
  const { meta: _meta, text: _text, ...elements } = endpoint;
  return elements;
}

const isEnded = ({ status }: EndpointElements): boolean =>
  status === 'off' || status === 'entered-in-error' || status === 'suspended';

const managing = (endpoint: Resource): unknown => endpoint['managingOrganization'];
