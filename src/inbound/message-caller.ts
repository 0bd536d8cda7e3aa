/**
 * In whose name a message writes: the organization that sent it, over its link (rules 2.1, 7.1). What a sender that is no
 * member writes is kept by the receiver (harmony Z45).
 */
import { parseScopes } from '../smart/scopes.ts';
import { WITHOUT_LOGIN, type Caller, type Request } from '../operations/request.ts';
import type { OperationContext } from '../operations/context.ts';
import { keeperOfMessage, type InboundMessage } from './inbound-message.ts';

const EVERY_RIGHT = parseScopes('system/*.cruds');

/**
 * The sender as a caller. Whoever is not known to be anybody is kept by the server itself: nothing of such a message is
 * ever planned but that it is kept.
 */
export function callerOf(message: InboundMessage): Caller {
  const { link, sender, address } = message;
  const keeper = keeperOfMessage(message);
  return {
    organization: keeper,
    ...(sender !== undefined && keeper !== sender && { speaker: sender }),
    administrator: keeper === undefined,
    scopes: EVERY_RIGHT,
    patient: undefined,
    client: link.name,
    subject: link.name,
    user: undefined,
    address,
    onBehalfOf: undefined,
    ...WITHOUT_LOGIN,
  };
}

/** The server, where it acts by itself: it asks a person, and changes nothing else. */
const SERVER: Caller = {
  organization: undefined,
  administrator: true,
  scopes: EVERY_RIGHT,
  patient: undefined,
  client: 'closeloop',
  subject: 'closeloop',
  user: undefined,
  address: undefined,
  onBehalfOf: undefined,
  ...WITHOUT_LOGIN,
};

/** A message as a request of the FHIR engine: what it changes meets the checks of a transaction. */
export const requestOf = (context: OperationContext, message: InboundMessage): Request =>
  requestBy(context, callerOf(message));

/** What the server does by itself, as a request. */
export const ownRequest = (context: OperationContext): Request => requestBy(context, SERVER);

/** Nobody calls a message off: once received, its fate is decided. */
const NEVER = new AbortController().signal;

const requestBy = ({ newId }: OperationContext, caller: Caller): Request => ({
  interaction: 'transaction',
  query: [],
  queryText: '',
  prefer: {},
  byMessage: true,
  caller,
  requestId: newId(),
  signal: NEVER,
});
