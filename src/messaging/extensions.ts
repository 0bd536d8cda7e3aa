/** The extensions of messages and headers that the server writes, and what stands in them. */
import type { Ref, Resource } from '../fhir/types.ts';
import { CONTENT_DECISION } from './content.ts';
import { manyOf, refOfReference } from './shape.ts';

const AT = 'https://closeloop.dev/fhir/StructureDefinition';

export const READ_RECEIPT = `${AT}/read-receipt`;
/** The agreement under which a recipient was told: one for each recipient that needs one (BA15). */
export const AGREEMENT_AT_SEND = `${AT}/agreement-at-send`;
export const PARTICIPANT_SINCE = `${AT}/participant-since`;
/** Of a message: the instant by which somebody is to answer (MS17). */
export const RESPOND_BY = `${AT}/respond-by`;
/** Of a header: who sees to it that messages of the thread are answered. */
export const THREAD_OWNER = `${AT}/thread-owner`;

/** SHA-256 in hex of an attachment. */
export const CONTENT_HASH = `${AT}/content-hash`;
const SCAN = `${AT}/scan`;

/** Extensions that the server alone writes; it drops what a client says of them. */
const SERVER_EXTENSIONS: ReadonlySet<unknown> = new Set([
  READ_RECEIPT,
  AGREEMENT_AT_SEND,
  PARTICIPANT_SINCE,
  CONTENT_DECISION,
  CONTENT_HASH,
  SCAN,
]);

interface Extension {
  readonly url?: unknown;
  readonly extension?: readonly Extension[];
  readonly valueReference?: unknown;
  readonly valueInstant?: unknown;
  readonly valueString?: unknown;
}

const extensionsOf = (resource: Resource): readonly Extension[] =>
  manyOf(resource['extension']) as readonly Extension[];

/** That somebody has read a message. */
interface ReadReceipt {
  /** The person; the organization where it does not name its people, or where its machine has read. */
  readonly reader: Ref;
  readonly organization: Ref;
  /** Instant. */
  readonly at: string;
}

export function readReceiptsIn(message: Resource): readonly ReadReceipt[] {
  return extensionsOf(message)
    .filter(({ url }) => url === READ_RECEIPT)
    .flatMap(({ extension = [] }) => {
      const part = (name: string) => extension.find(({ url }) => url === name);
      const reader = refOfReference(part('reader')?.valueReference);
      const organization = refOfReference(part('organization')?.valueReference);
      const at = part('at')?.valueInstant;
      return reader === undefined || organization === undefined || typeof at !== 'string'
        ? []
        : [{ reader, organization, at }];
    });
}

export const withReceipt = (message: Resource, { reader, organization, at }: ReadReceipt): Resource =>
  withExtension(message, {
    url: READ_RECEIPT,
    extension: [
      { url: 'reader', valueReference: { reference: reader } },
      { url: 'organization', valueReference: { reference: organization } },
      { url: 'at', valueInstant: at },
    ],
  });

export const withExtension = (resource: Resource, extension: object): Resource => ({
  ...resource,
  extension: [...manyOf(resource['extension']), extension],
});

/** The server's own extensions as the version before has them, in the place of whatever a client sent of them. */
export function withServerExtensionsOf(after: Resource, before: Resource | undefined): Resource {
  const own = extensionsOf(after).filter(({ url }) => !SERVER_EXTENSIONS.has(url));
  const kept =
    before === undefined ? [] : extensionsOf(before).filter(({ url }) => SERVER_EXTENSIONS.has(url));
  const { extension: _before, ...rest } = after;
  return own.length + kept.length === 0
    ? (rest as Resource)
    : ({ ...rest, extension: [...own, ...kept] } as Resource);
}

/** `organization`: the workforce of each recipient reads it; `named`: only who is named (MS4). */
export const AUDIENCE = `${AT}/audience`;

export function audienceIn(resource: Resource): 'organization' | 'named' | undefined {
  const said = extensionsOf(resource).find(({ url }) => url === AUDIENCE) as
    | { valueCode?: unknown }
    | undefined;
  return said?.valueCode === 'organization' || said?.valueCode === 'named' ? said.valueCode : undefined;
}

/** The audience of the version before, whatever the writer says of it. */
export function withAudienceOf(after: Resource, before: Resource): Resource {
  const kept = extensionsOf(before).filter(({ url }) => url === AUDIENCE);
  const others = extensionsOf(after).filter(({ url }) => url !== AUDIENCE);
  return { ...after, extension: [...others, ...kept] };
}

/** On a participant who is added to a thread: the messages before are shown as well (MS3). */
const WITH_HISTORY = `${AT}/with-history`;

export const asksForHistory = (recipient: unknown): boolean =>
  (
    manyOf((recipient as { extension?: unknown } | undefined)?.extension) as readonly (Extension & {
      valueBoolean?: unknown;
    })[]
  ).some(({ url, valueBoolean }) => url === WITH_HISTORY && valueBoolean === true);

/** Under which agreement a recipient was told. */
interface AgreementAtSend {
  /** The version of the Contract. */
  readonly contract: string;
  readonly state: string;
  readonly principal: Ref | undefined;
  readonly associate: Ref | undefined;
}

/** Notes the agreement between two organizations under which one was told, once for each agreement. */
export function withAgreement(
  resource: Resource,
  { contract, state, principal, associate }: AgreementAtSend,
): Resource {
  const isNoted = extensionsOf(resource).some(
    ({ url, extension = [] }) =>
      url === AGREEMENT_AT_SEND &&
      extension.some(
        ({ valueReference }) => (valueReference as { reference?: unknown })?.reference === contract,
      ),
  );
  if (isNoted) return resource;
  return withExtension(resource, {
    url: AGREEMENT_AT_SEND,
    extension: [
      { url: 'contract', valueReference: { reference: contract } },
      { url: 'state', valueCode: state },
      ...(principal === undefined ? [] : [{ url: 'principal', valueReference: { reference: principal } }]),
      ...(associate === undefined ? [] : [{ url: 'associate', valueReference: { reference: associate } }]),
    ],
  });
}

/** Since when each organization takes part in a thread. */
export const withParticipants = (header: Resource, organizations: readonly Ref[], since: string): Resource =>
  organizations.reduce(
    (tree, reference) =>
      withExtension(tree, {
        url: PARTICIPANT_SINCE,
        extension: [
          { url: 'participant', valueReference: { reference } },
          { url: 'since', valueInstant: since },
        ],
      }),
    header,
  );

/** The organizations that take part in a thread, as the server noted them. */
export const participantsIn = (header: Resource): readonly Ref[] => [
  ...new Set(
    extensionsOf(header)
      .filter(({ url }) => url === PARTICIPANT_SINCE)
      .flatMap(({ extension = [] }) => extension.flatMap((one) => refOfReference(one.valueReference) ?? [])),
  ),
];

/** Whether a resource has an extension that the server alone writes. */
export const hasServerExtensions = (resource: Resource | undefined): boolean =>
  resource !== undefined && extensionsOf(resource).some(({ url }) => SERVER_EXTENSIONS.has(url));

/** What is known of an attachment. */
interface FileFacts {
  readonly state: string;
  /** In hex. */
  readonly sha256?: string | undefined;
  readonly engine?: string | undefined;
  readonly signatures?: string | undefined;
  /** Instant. */
  readonly at: string;
}

/** Notes the hash of an attachment, and what the scanner said of it. */
export function withFile(message: Resource, { state, sha256, engine, signatures, at }: FileFacts): Resource {
  const hashed =
    sha256 === undefined ? message : withExtension(message, { url: CONTENT_HASH, valueString: sha256 });
  return withExtension(hashed, {
    url: SCAN,
    extension: [
      { url: 'state', valueCode: state },
      ...(engine === undefined ? [] : [{ url: 'engine', valueString: engine }]),
      ...(signatures === undefined || signatures === ''
        ? []
        : [{ url: 'signatures', valueString: signatures }]),
      { url: 'at', valueInstant: at },
    ],
  });
}

/** Without what is known of some attachments, by their hashes: each is followed by what the scanner said of it. */
export const withoutFiles = (message: Resource, hashes: ReadonlySet<string>): Resource => ({
  ...message,
  extension: extensionsOf(message).filter((_, at, all) => !isOfFile(all, at, hashes)),
});

function isOfFile(all: readonly Extension[], at: number, hashes: ReadonlySet<string>): boolean {
  const hashed = all[all[at]?.url === SCAN ? at - 1 : at];
  return hashed?.url === CONTENT_HASH && hashes.has(String(hashed.valueString));
}
