/** An HL7 v2 message in the archive: what the DocumentReference says of it, and the message read again. */
import { systemOfOid } from '../../fhir/identifier.ts';
import type { Link } from '../../hl7v2/link.ts';
import { definitionNamed } from '../../hl7v2/messages/registry.ts';
import type { OperationContext } from '../../operations/context.ts';
import type { Snapshot } from '../../ports/store.ts';
import { MAPPING_SYSTEM, MAPPING_VERSION } from '../../resources/message-codes.ts';
import type { ArchiveContent, Assembler } from '../archive.ts';
import { readArchivedText } from '../read-archive.ts';
import type { OpenItem } from '../work-items.ts';
import { openArchived, wrapIncoming, type Incoming } from './incoming.ts';

/** The content type of ER7, HL7 v2 in its vertical bars. */
const ER7 = 'x-application/hl7-v2+er7';

/** What the archive stores of a message: its bytes, or the mail that it came in, its number and its format. */
export async function contentOf(context: OperationContext, incoming: Incoming): Promise<ArchiveContent> {
  const { header, bytes, carried } = incoming;
  if (carried?.content !== undefined) return carried.content();
  return {
    ...(await wrapIncoming(context, incoming)),
    contentType: ER7,
    size: bytes.byteLength,
    ...(header !== undefined && header.controlId !== '' && { identifier: masterOf(incoming) }),
    ...(header !== undefined && header.message !== '' && { type: `HL7 v2 ${header.message}` }),
    ...formatOf(header?.message),
  };
}

/** MSH-10, unique within the sending facility. */
function masterOf({ header }: Incoming) {
  const system = systemOfOid(header?.sendingFacility ?? '');
  return { ...(system !== undefined && { system }), value: header?.controlId.trim() };
}

/** The system of IHE's format codes (https://profiles.ihe.net/fhir/ihe.formatcode.fhir). */
const FORMAT_SYSTEM = 'http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode';

function formatOf(message: string | undefined) {
  const code = message === undefined ? undefined : definitionNamed(message)?.formatCode;
  return code !== undefined && { format: { system: FORMAT_SYSTEM, code } };
}

/** The mapping of HL7 v2, which a Provenance names as the assembler of the resources. */
export const MAPPING: Assembler = {
  identifier: { system: MAPPING_SYSTEM, value: MAPPING_VERSION },
  name: `HL7 v2 mapping ${MAPPING_VERSION}`,
};

/** An archived message as it came in; undefined when its link is configured no more, or its bytes were changed. */
export async function readArchived(
  context: OperationContext,
  snapshot: Snapshot,
  item: Pick<OpenItem, 'document' | 'link' | 'receivedAt'>,
  links: readonly Link[],
): Promise<Incoming | undefined> {
  const link = links.find(({ name }) => name === item.link);
  if (link === undefined) return undefined;
  const text = await readArchivedText(snapshot, item);
  if (text === undefined) return undefined;
  return openArchived(context, text, link, item.receivedAt, context.settings.aheadToleranceMs);
}
