/**
 * A message is kept as it was received, whatever becomes of it: its bytes as a Binary, what they are as a
 * DocumentReference, which resources came of them as a Provenance (crosswalk 1 and 9).
 */
import { parseInstant } from '../fhir/datetime.ts';
import { systemOfOid, URI_SYSTEM } from '../fhir/identifier.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import type { Draft } from '../operations/write/draft.ts';
import type { MessageVerdict } from './fate.ts';
import { wrapIncoming, type Incoming } from './hl7v2/incoming.ts';
import {
  EVENT_SYSTEM,
  FATE_SYSTEM,
  MAPPING_SYSTEM,
  MAPPING_VERSION,
  mark,
} from '../resources/message-codes.ts';
import { WORK_ITEM_SYSTEM } from '../operations/work-item.ts';
import { changeOwn, planOwn } from '../operations/write/planned-resources.ts';

const ER7 = 'x-application/hl7-v2+er7';

/** Where a message is kept. */
export interface ArchivedMessage {
  readonly document: Ref;
  readonly binary: Ref;
}

/** Under which ids a message is to be kept; known before, so that what comes of it can refer to it. */
export const reserve = ({ context }: Draft): ArchivedMessage => ({
  document: `DocumentReference/${context.newId()}`,
  binary: `Binary/${context.newId()}`,
});

export interface Filing {
  /** A {@link MessageVerdict}'s fate, or what a person made of the message. */
  readonly fate: MessageVerdict['fate'] | 'corrected' | 'discarded';
  /** The event of a referral that it tells of, where it is one. */
  readonly event?: string | undefined;
  /** In which chart it is filed. */
  readonly chart?: { readonly request: Ref; readonly patient: Ref | undefined } | undefined;
  /** Whose it is: the sender's once it is in a chart, until then the receiver's, who is to look at it. */
  readonly custodian: Ref | '';
  /** What of it stands nowhere but in the message as it was received. */
  readonly untaken?: string | undefined;
  /** The document that this one corrects. */
  readonly replaces?: Ref | undefined;
}

/** Plans the bytes and the document. */
export async function planArchive(
  draft: Draft,
  incoming: Incoming,
  kept: ArchivedMessage,
  filing: Filing,
): Promise<void> {
  const { data, hash } = await wrapIncoming(draft.context, incoming);
  const binary: Resource = { resourceType: 'Binary', contentType: ER7 };
  if (typeof data === 'string') planOwn(draft, idOf(kept.binary), { ...binary, data }, filing.custodian);
  else planOwn(draft, idOf(kept.binary), binary, filing.custodian, data);
  planOwn(draft, idOf(kept.document), buildDocument(incoming, kept, filing, hash), filing.custodian);
}

const idOf = (ref: Ref): string => ref.slice(ref.indexOf('/') + 1);

function buildDocument(incoming: Incoming, kept: ArchivedMessage, filing: Filing, hash: string): Resource {
  const { header, sender, bytes } = incoming;
  const { custodian, replaces } = filing;
  const sentAt = instantOf(header?.sentAt);
  return {
    resourceType: 'DocumentReference',
    ...(header !== undefined && header.controlId !== '' && { masterIdentifier: masterOf(incoming) }),
    status: 'current',
    ...(header !== undefined && header.message !== '' && { type: { text: `HL7 v2 ${header.message}` } }),
    ...filedAs(filing),
    ...(sentAt !== undefined && { date: sentAt }),
    ...(sender !== undefined && { author: [{ reference: sender }] }),
    ...(custodian !== '' && { custodian: { reference: custodian } }),
    ...(replaces !== undefined && { relatesTo: [{ code: 'replaces', target: { reference: replaces } }] }),
    content: [
      {
        attachment: {
          contentType: ER7,
          url: kept.binary,
          size: bytes.byteLength,
          hash,
          creation: new Date(incoming.receivedAt).toISOString(),
        },
        ...formatOf(header?.message),
      },
    ],
    ...chartOf(filing),
  };
}

/** MSH-10, unique within the sending facility. */
function masterOf({ header }: Incoming) {
  const system = systemOfOid(header?.sendingFacility ?? '');
  return { ...(system !== undefined && { system }), value: header?.controlId.trim() };
}

/** Times less than a second exact are no instant; the message itself has them. */
const instantOf = (dateTime: string | undefined): string | undefined =>
  dateTime !== undefined && parseInstant(dateTime) !== undefined ? dateTime : undefined;

/** Format codes of 360X (https://profiles.ihe.net/fhir/ihe.formatcode.fhir). */
const FORMATS: Readonly<Record<string, string>> = {
  'OMG^O19': 'urn:ihe:pcc:360x:hl7:OMG:O19:2017',
  'OSU^O51': 'urn:ihe:pcc:360x:hl7:OSU:O51:2017',
  'SIU^S12': 'urn:ihe:pcc:360x:hl7:SIU:S12:2017',
  'SIU^S13': 'urn:ihe:pcc:360x:hl7:SIU:S13:2017',
  'SIU^S15': 'urn:ihe:pcc:360x:hl7:SIU:S15:2017',
  'SIU^S26': 'urn:ihe:pcc:360x:hl7:SIU:S26:2017',
};
const FORMAT_SYSTEM = 'http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode';

function formatOf(message: string | undefined) {
  const code = message === undefined ? undefined : FORMATS[message];
  return code !== undefined && { format: { system: FORMAT_SYSTEM, code } };
}

const filedAs = ({ fate, event, untaken }: Filing) => ({
  ...(untaken !== undefined && { description: untaken }),
  category: [mark(FATE_SYSTEM, fate), ...(event === undefined ? [] : [mark(EVENT_SYSTEM, event)])],
});

const chartOf = ({ chart }: Filing) =>
  chart !== undefined && {
    ...(chart.patient !== undefined && { subject: { reference: chart.patient } }),
    context: { related: [{ reference: chart.request }] },
  };

/** Files what was kept before: with another fate, and in a chart where it has one now. */
export function refile(draft: Draft, { document }: ArchivedMessage, filing: Filing): Promise<void> {
  return changeOwn(draft, document, (tree) => ({ ...tree, ...filedAs(filing), ...chartOf(filing) }));
}

/**
 * What came of a message, once everything that it changes is planned. The order is always named, so that whoever sees the
 * referral sees where it came from.
 */
export function planProvenance(
  draft: Draft,
  incoming: Incoming,
  kept: ArchivedMessage,
  { custodian, chart }: Pick<Filing, 'custodian' | 'chart'>,
  { by, codeMaps }: { readonly by: Ref | undefined; readonly codeMaps: readonly string[] },
): void {
  const own = new Set<string>([kept.document, kept.binary]);
  const changed = [...draft.planned.keys()].filter((ref) => !own.has(ref) && !isOwnWork(draft, ref));
  const touched = [...new Set([...changed, ...(chart === undefined ? [] : [chart.request])])];
  const { header, sender, link } = incoming;
  const who = sender === undefined ? { display: `link ${link.name}` } : { reference: sender };
  planOwn(
    draft,
    draft.context.newId(),
    {
      resourceType: 'Provenance',
      target: (touched.length > 0 ? touched : [kept.document]).map((reference) => ({ reference })),
      ...(header?.sentAt !== undefined && { occurredDateTime: header.sentAt }),
      recorded: draft.now,
      agent: [
        { type: agentType('author'), who },
        {
          type: agentType('assembler'),
          who: {
            identifier: { system: MAPPING_SYSTEM, value: MAPPING_VERSION },
            display: `${draft.context.settings.sourceName}, HL7 v2 mapping ${MAPPING_VERSION}`,
          },
        },
        ...(by === undefined ? [] : [{ type: agentType('enterer'), who: { reference: by } }]),
      ],
      entity: [
        { role: 'source', what: { reference: kept.document } },
        { role: 'source', what: { reference: kept.binary } },
        ...codeMaps.map((value) => ({
          role: 'source',
          what: { type: 'ConceptMap', identifier: { system: URI_SYSTEM, value }, display: value },
        })),
      ],
    },
    custodian,
  );
}

/** Work items are about messages, not made of them. */
const isOwnWork = ({ planned }: Draft, ref: Ref): boolean => {
  const code = planned.get(ref)?.after?.plain['code'] as
    | { coding?: readonly { system?: string }[] }
    | undefined;
  return ref.startsWith('Task/') && (code?.coding ?? []).some(({ system }) => system === WORK_ITEM_SYSTEM);
};

const agentType = (code: 'author' | 'assembler' | 'enterer') => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code }],
});
