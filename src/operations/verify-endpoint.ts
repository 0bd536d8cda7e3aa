/** The word of an administrator that a Direct address is whose its Endpoint says it is (directory DR44). */
import { notHere, OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import { adminEntry } from '../ports/audit.ts';
import { auditedCommit } from '../ports/commit.ts';
import { EVERYTHING } from '../ports/query.ts';
import type { Commit, Version } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import {
  directAddressOf,
  isVouchedFor,
  organizationReachedAt,
  readVerification,
  writeVerification,
  type EndpointVerification,
} from '../resources/parties/direct-addresses.ts';
import type { OperationContext } from './context.ts';
import type { Admitting } from './members.ts';
import { commitPlanned } from './write/commit.ts';

/** @throws OperationOutcomeError `not-found`; `endpoint-unverifiable` for an Endpoint without a Direct address */
export async function verifyEndpoint(
  context: Pick<OperationContext, 'store' | 'clock' | 'committed'>,
  endpoint: Ref,
  admitting: Admitting,
): Promise<'verified' | 'was-verified'> {
  const { agent } = admitting;
  const { result } = await commitPlanned(context, async (snapshot) => {
    const version = await snapshot.read(endpoint, EVERYTHING);
    if (version?.text === undefined) throw notHere(endpoint);
    const resource = parseStored(version.text);
    const address = directAddressOf(resource);
    if (address === undefined) throw new OperationOutcomeError('endpoint-unverifiable');
    const was = isVouchedFor(resource, await readVerification(snapshot, endpoint));
    const body: EndpointVerification = {
      address,
      organization: organizationReachedAt(resource),
      state: 'verified',
      how: 'administrator',
      by: `${agent.client} ${agent.subject}`,
      at: new Date(context.clock.now()).toISOString(),
    };
    return { commit: commitOf(version, was ? undefined : body, admitting), templates: new Map(), was };
  });
  context.committed([endpoint]);
  return result.was ? 'was-verified' : 'verified';
}

/** Holds only for the version that was read: an address that is changed meanwhile is not verified with it. */
function commitOf(
  { ref, seq, custodian }: Version,
  body: EndpointVerification | undefined,
  admitting: Admitting,
): Commit {
  const audit = adminEntry(admitting, {
    entities: [`${ref}/_history/${seq}`],
    query: 'endpoint verify',
    viewers: custodian === '' ? [] : [custodian],
  });
  return auditedCommit([audit], {
    preconditions: [{ ref, version: seq }],
    records: body === undefined ? [] : [writeVerification(ref, body)],
  });
}
