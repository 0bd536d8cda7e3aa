/**
 * The archive of messages. The server stores each message as it was received, whatever its fate: the bytes as a Binary,
 * what they are as a DocumentReference, and the resources that came of them as a Provenance.
 */
import { parseInstant } from '../fhir/datetime.ts';
import { URI_SYSTEM } from '../fhir/identifier.ts';
import type { Coding, Identifier, Ref, Resource } from '../fhir/types.ts';
import type { Draft } from '../operations/write/draft.ts';
import type { MessageVerdict } from './fate.ts';
import type { InboundMessage } from './inbound-message.ts';
import { EVENT_SYSTEM, FATE_SYSTEM, mark } from '../resources/message-codes.ts';
import { WORK_ITEM_SYSTEM } from '../resources/work-item-code.ts';
import { changeOwn, planOwn } from '../operations/write/planned-resources.ts';

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

/** What the archive stores of a message, whatever its format. */
export interface ArchiveContent {
  readonly contentType: string;
  /** The bytes in base64; of a large message as ASCII bytes that threads share. */
  readonly data: string | Uint8Array;
  /** The SHA-1 of the bytes, in base64. */
  readonly hash: string;
  /** The number of bytes. */
  readonly size: number;
  /** The sender's number of the message. */
  readonly identifier?: Identifier;
  /** What kind of message it is, in words. */
  readonly type?: string;
  /** The format code of the attachment. */
  readonly format?: Coding;
}

/** Plans the bytes and the document. */
export function planArchive(
  draft: Draft,
  message: InboundMessage,
  archived: ArchivedMessage,
  filing: Filing,
  content: ArchiveContent,
): void {
  const { data, contentType } = content;
  const { custodian } = filing;
  const binary: Resource = { resourceType: 'Binary', contentType };
  if (typeof data === 'string') planOwn(draft, idOf(archived.binary), { ...binary, data }, custodian);
  else planOwn(draft, idOf(archived.binary), binary, custodian, data);
  planOwn(draft, idOf(archived.document), buildDocument(message, archived, filing, content), custodian);
}

const idOf = (ref: Ref): string => ref.slice(ref.indexOf('/') + 1);

function buildDocument(
  { sender, sentAt, receivedAt }: InboundMessage,
  archived: ArchivedMessage,
  filing: Filing,
  { contentType, size, hash, identifier, type, format }: ArchiveContent,
): Resource {
  const { custodian, replaces } = filing;
  const date = instantOf(sentAt);
  return {
    resourceType: 'DocumentReference',
    ...(identifier !== undefined && { masterIdentifier: identifier }),
    status: 'current',
    ...(type !== undefined && { type: { text: type } }),
    ...filedAs(filing),
    ...(date !== undefined && { date }),
    ...(sender !== undefined && { author: [{ reference: sender }] }),
    ...(custodian !== '' && { custodian: { reference: custodian } }),
    ...(replaces !== undefined && { relatesTo: [{ code: 'replaces', target: { reference: replaces } }] }),
    content: [
      {
        attachment: {
          contentType,
          url: archived.binary,
          size,
          hash,
          creation: new Date(receivedAt).toISOString(),
        },
        ...(format !== undefined && { format }),
      },
    ],
    ...chartOf(filing),
  };
}

/** Times less than a second exact are no instant; the message itself has them. */
const instantOf = (dateTime: string | undefined): string | undefined =>
  dateTime !== undefined && parseInstant(dateTime) !== undefined ? dateTime : undefined;

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

/** What made resources of a message: a mapping, with its version. */
export interface Assembler {
  readonly identifier: Identifier;
  readonly name: string;
}

/** Who and what took part in processing a message, beside its sender. */
interface Assembled {
  readonly assembler: Assembler;
  /** The organization whose person had the message tried again, or brought it. */
  readonly by: Ref | undefined;
  /** The ConceptMaps that translated its codes. */
  readonly codeMaps: readonly string[];
}

/**
 * Plans the Provenance of everything that a message changes, once that is planned. It always names the order, so that
 * whoever sees the referral sees where it came from.
 */
export function planProvenance(
  draft: Draft,
  { sender, link, sentAt }: InboundMessage,
  archived: ArchivedMessage,
  { custodian, chart }: Pick<Filing, 'custodian' | 'chart'>,
  { assembler, by, codeMaps }: Assembled,
): void {
  const own = new Set<string>([archived.document, archived.binary]);
  const changed = [...draft.planned.keys()].filter((ref) => !own.has(ref) && !isOwnWork(draft, ref));
  const touched = [...new Set([...changed, ...(chart === undefined ? [] : [chart.request])])];
  const who = sender === undefined ? { display: `link ${link.name}` } : { reference: sender };
  planOwn(
    draft,
    draft.context.newId(),
    {
      resourceType: 'Provenance',
      target: (touched.length > 0 ? touched : [archived.document]).map((reference) => ({ reference })),
      ...(sentAt !== undefined && { occurredDateTime: sentAt }),
      recorded: draft.now,
      agent: [
        { type: agentType('author'), who },
        {
          type: agentType('assembler'),
          who: {
            identifier: assembler.identifier,
            display: `${draft.context.settings.sourceName}, ${assembler.name}`,
          },
        },
        ...(by === undefined ? [] : [{ type: agentType('enterer'), who: { reference: by } }]),
      ],
      entity: [
        { role: 'source', what: { reference: archived.document } },
        { role: 'source', what: { reference: archived.binary } },
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
