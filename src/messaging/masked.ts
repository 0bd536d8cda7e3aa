/**
 * What an associate is shown of messages while the agreement under which they were told is not in force (baa-messaging MK1 to
 * MK6). Originals never change: this is a projection at the read, so that a new agreement shows everything again at once.
 */
import { WITHHELD_CONTENT } from '../agreements/words.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import { CONTENT_DECISION, MESSAGE_CONTENT } from './content.ts';
import {
  AGREEMENT_AT_SEND,
  AUDIENCE,
  PARTICIPANT_SINCE,
  READ_RECEIPT,
  RESPOND_BY,
  THREAD_OWNER,
} from './extensions.ts';
import { manyOf, messageShape } from './shape.ts';

/** Categories of content that need no agreement: they are never masked (MK5). */
export const UNMASKED_CONTENT: readonly string[] = ['administrative', 'agreement', 'notice'];

/** An associate, and with whom its agreements are in force: directly, or by a chain of subcontractors. */
export interface Associate {
  readonly organization: Ref;
  readonly open: ReadonlySet<Ref>;
}

/** Two organizations between which a message was told under an agreement. */
interface ToldUnder {
  readonly principal: Ref;
  readonly associate: Ref;
  /** The Contract, with its version. */
  readonly contract?: string;
}

/** Under which agreements a message was told, as it says itself (BA15). */
export function toldUnder(message: Resource): readonly ToldUnder[] {
  return extensionsOf(message).flatMap(({ url, extension = [] }) => {
    if (url !== AGREEMENT_AT_SEND) return [];
    const named = (name: string): string | undefined =>
      extension.find((one) => one.url === name)?.valueReference?.reference;
    const [principal, associate, contract] = [named('principal'), named('associate'), named('contract')];
    if (principal === undefined || associate === undefined) return [];
    // The server writes them, of organizations that it has.
    const parties = { principal: principal as Ref, associate: associate as Ref };
    return [{ ...parties, ...(contract !== undefined && { contract }) }];
  });
}

/**
 * Whether the content of a message is withheld from an associate: what it told or was told under an agreement that is not in
 * force, and all that is kept by somebody with whom it has none.
 *
 * @param keeper who keeps the message; '' for the server itself
 */
export function isWithheld(message: Resource, keeper: Ref | '', { organization, open }: Associate): boolean {
  if (message.resourceType !== 'Communication' || needsNoAgreement(message)) return false;
  const isKeptElsewhere = keeper !== '' && keeper !== organization && !open.has(keeper);
  return (
    isKeptElsewhere ||
    toldUnder(message).some(({ associate, principal }) => associate === organization && !open.has(principal))
  );
}

/** The agreements, with their versions, whose end withholds a message from an associate (MK6). */
export const withheldBy = (message: Resource, { organization, open }: Associate): readonly string[] =>
  toldUnder(message).flatMap(({ associate, principal, contract }) =>
    associate === organization && !open.has(principal) && contract !== undefined ? [contract] : [],
  );

/** Whether a message asks for no agreement, by its category. Without one, and with a referral, it is health information. */
function needsNoAgreement(message: Resource): boolean {
  if (messageShape(message) === 'plain') return false;
  const codes = listOf<Concept>(message['category'])
    .flatMap(({ coding = [] }) => coding)
    .filter(({ system }) => system === MESSAGE_CONTENT)
    .map(({ code = '' }) => code);
  return codes.some((code) => UNMASKED_CONTENT.includes(code)) && !codes.includes('phi');
}

/** Elements that say who told whom, when and in which thread, beside `meta`; everything else goes. */
const KEPT: ReadonlySet<string> = new Set([
  'resourceType',
  'id',
  'implicitRules',
  'language',
  'identifier',
  'instantiatesCanonical',
  'instantiatesUri',
  'basedOn',
  'partOf',
  'inResponseTo',
  'status',
  'statusReason',
  'category',
  'priority',
  'medium',
  'subject',
  'about',
  'encounter',
  'sent',
  'received',
  'recipient',
  'sender',
]);

/** Extensions that the server alone writes, without content. */
const SERVER_WRITTEN: ReadonlySet<unknown> = new Set([
  AGREEMENT_AT_SEND,
  CONTENT_DECISION,
  READ_RECEIPT,
  PARTICIPANT_SINCE,
]);

/** Extensions that a client writes, with the one element of each that holds no content. */
const VALUES_KEPT: ReadonlyMap<unknown, 'valueCode' | 'valueInstant' | 'valueReference'> = new Map([
  [AUDIENCE, 'valueCode'],
  [RESPOND_BY, 'valueInstant'],
  [THREAD_OWNER, 'valueReference'],
]);

function keptExtension(extension: Extension): readonly object[] {
  if (SERVER_WRITTEN.has(extension.url)) return [extension];
  const name = VALUES_KEPT.get(extension.url);
  const value = name && bare({ [name]: extension[name] });
  return value === undefined ? [] : [{ url: extension.url, ...value }];
}

const MASKED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'MASKED' };

/** A message without its content. */
export function maskMessage(message: Resource): Resource {
  const shown = Object.entries(message).flatMap(([name, value]) => {
    if (!KEPT.has(name)) return [];
    const part = typeof value === 'object' && value !== null ? bare(value) : value;
    return part === undefined ? [] : [[name, part] as const];
  });
  const extension = extensionsOf(message).flatMap(keptExtension);
  const payload = listOf<Payload>(message['payload']).map(withheldPayload);
  const { security = [], ...meta } = message.meta ?? {};
  return {
    ...Object.fromEntries(shown),
    resourceType: message.resourceType,
    meta: { ...meta, security: [...security, MASKED] },
    ...(extension.length > 0 && { extension }),
    ...(payload.length > 0 && { payload }),
  } as Resource; // it keeps its type
}

/** That there was a file, and of which type. */
function withheldPayload({ contentAttachment }: Payload): Readonly<Record<string, unknown>> {
  const { contentType, language, creation } = contentAttachment ?? {};
  const left = {
    ...(contentType !== undefined && { contentType }),
    ...(language !== undefined && { language }),
    ...(creation !== undefined && { creation }),
  };
  return Object.keys(left).length > 0 ? { contentAttachment: left } : { contentString: WITHHELD_CONTENT };
}

/** Names of parts in which somebody can write what they want. */
const FREE: ReadonlySet<string> = new Set(['display', 'text', 'extension', 'assigner', 'userSelected']);

/** A value with its codes, identifiers and references alone; undefined where nothing is left. */
function bare(value: object): object | undefined {
  if (JSON.isRawJSON(value)) return value;
  if (Array.isArray(value)) {
    const items = value.flatMap((item: unknown) => {
      const part = typeof item === 'object' && item !== null ? bare(item) : item;
      return part === undefined || part === null ? [] : [part];
    });
    return items.length > 0 ? items : undefined;
  }
  const parts = Object.entries(value as Readonly<Record<string, unknown>>).flatMap(([name, part]) => {
    // A contained resource is gone, and so is what names it.
    if (FREE.has(name) || name.startsWith('_') || (name === 'reference' && isInside(part))) return [];
    const left = typeof part === 'object' && part !== null ? bare(part) : part;
    return left === undefined ? [] : [[name, left] as const];
  });
  return parts.length > 0 ? Object.fromEntries(parts) : undefined;
}

const isInside = (reference: unknown): boolean => typeof reference === 'string' && reference.startsWith('#');

interface Concept {
  readonly coding?: readonly { readonly system?: string; readonly code?: string }[];
}

interface Payload {
  readonly contentAttachment?: Readonly<Record<'contentType' | 'language' | 'creation', unknown>>;
}

interface Extension {
  readonly url?: unknown;
  readonly extension?: readonly Extension[];
  readonly valueCode?: string;
  readonly valueInstant?: string;
  readonly valueReference?: { readonly reference?: string };
}

/** Of a validated element. */
const listOf = <T>(value: unknown): readonly T[] => manyOf(value) as readonly T[];

const extensionsOf = (resource: Resource): readonly Extension[] => listOf<Extension>(resource['extension']);
