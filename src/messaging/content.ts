/**
 * Decides what a message is: protected health information or not (baa-messaging MS20, MS21). The sender declares; the server
 * raises to `phi` by rule and never lowers, so that nobody can talk a gate down.
 */
import type { Resource } from '../fhir/types.ts';
import { hasClinicalCode, hasClinicalCoding } from './clinical-codes.ts';
import { identifierIn, type IdentifierRule } from './identifiers.ts';
import { plainTextOf, type PlainText } from './plain-text.ts';
import { quotes } from './quote.ts';

export const MESSAGE_CONTENT = 'https://closeloop.dev/fhir/CodeSystem/message-content';
export const CONTENT_DECISION = 'https://closeloop.dev/fhir/StructureDefinition/content-decision';

export type ContentCategory = 'phi' | 'administrative' | 'agreement' | 'notice';

const CATEGORIES: ReadonlySet<unknown> = new Set<ContentCategory>([
  'phi',
  'administrative',
  'agreement',
  'notice',
]);

/** The rules that raise a message to `phi`. */
type RaisingRule =
  | IdentifierRule
  | 'free-text-to-patient'
  | 'about-patient'
  | 'not-only-agreement'
  | 'attachment'
  | 'contained'
  | 'coded'
  | 'quote'
  | 'unread';

export interface ContentDecision {
  readonly declared?: ContentCategory;
  readonly decided: ContentCategory;
  /** `declared` where the sender's word stands, `undeclared` where there was none, else the rule that raised. */
  readonly by: 'declared' | 'undeclared' | RaisingRule;
}

export interface ContentContext {
  /** Who takes part beside the sender: a patient, other organizations, or colleagues alone. */
  readonly among: 'patient' | 'organizations' | 'colleagues';
  /** The header of the thread: what it is about counts for each of its messages. */
  readonly thread?: Resource | undefined;
  /** The Patients whom the message could be about: those of `subject`, `about` and `basedOn`, of message and thread. */
  readonly people?: readonly Resource[];
  /** The messages that `inResponseTo` names, as far as they are `phi`. */
  readonly repliedTo?: readonly Resource[];
  /** Whether the text is that of a registered template: the only text to a patient that is not `phi` (MS23). */
  readonly isTemplate?: boolean;
  /** Whether a reference names an agreement between organizations that take part; absent: each Contract is one. */
  readonly isAgreement?: (reference: string) => boolean;
  /** Whether the file at an address belongs to somebody's record; absent: none does. */
  readonly isOfRecord?: (url: string) => boolean;
  /** Whether the server knows a code of a system, by its URL. */
  readonly isCode?: (system: string, code: string) => boolean;
}

/** The category that a sender declared. Several, or one that does not exist, count as none. */
export function declaredContent(message: Resource): ContentCategory | undefined {
  const codes = codingsOf(message['category']).filter(({ system }) => system === MESSAGE_CONTENT);
  const [first, second] = codes;
  return second === undefined && CATEGORIES.has(first?.code) ? (first?.code as ContentCategory) : undefined;
}

/** The category of a message, and who decided. Pure, and in proportion to the length of the message. */
export function decideContent(message: Resource, context: ContentContext): ContentDecision {
  const declared = declaredContent(message);
  if (declared === undefined) return { decided: 'phi', by: 'undeclared' };
  if (declared === 'phi') return { declared, decided: 'phi', by: 'declared' };
  const rule = raisingRule(message, declared, context);
  return rule === undefined
    ? { declared, decided: declared, by: 'declared' }
    : { declared, decided: 'phi', by: rule };
}

function raisingRule(
  message: Resource,
  declared: ContentCategory,
  context: ContentContext,
): RaisingRule | undefined {
  if (context.among === 'patient' && context.isTemplate !== true) return 'free-text-to-patient';
  const structural = structuralRule(message, declared, context);
  if (structural !== undefined) return structural;
  const text = plainTextOf(message, WRITTEN_BY_SERVER);
  if (text.isCut) return 'unread';
  if ((context.repliedTo ?? []).some((one) => isQuoted(text, one))) return 'quote';
  const identifier = identifierIn(text, context.people ?? []);
  if (identifier !== undefined) return identifier;
  return hasClinicalCoding(message) || hasClinicalCode(text, context.isCode) ? 'coded' : undefined;
}

/** Elements of a message whose text the server writes or checks itself. Their extensions count as everything else does. */
const WRITTEN_BY_SERVER: ReadonlySet<string> = new Set(['resourceType', 'id']);

function structuralRule(
  message: Resource,
  declared: ContentCategory,
  { among, thread, isAgreement = () => true, isOfRecord = () => false }: ContentContext,
): RaisingRule | undefined {
  const about = [message, thread].flatMap((one) =>
    one === undefined ? [] : ABOUT.flatMap((name) => referencesAt(one, name)),
  );
  const isTheirs = (texts: readonly string[]): boolean => isOnlyContracts(texts) && texts.every(isAgreement);
  if (declared === 'agreement' && !isTheirs(about)) return 'not-only-agreement';
  if (declared !== 'agreement' && among === 'organizations' && about.length > 0) return 'about-patient';
  if (containedOf(message).some(({ resourceType }) => !NOBODY.has(resourceType))) return 'contained';
  const isPaper = ({ contentType, reference, url }: Node): boolean =>
    typeof reference === 'string'
      ? isTheirs([reference])
      : PAPER.has(contentType) && !(typeof url === 'string' && isOfRecord(url));
  return attachmentsIn(message).some((one) => !(declared === 'agreement' && isPaper(one)))
    ? 'attachment'
    : undefined;
}

const ABOUT = ['subject', 'about', 'basedOn', 'reasonReference', 'encounter'] as const;

/** A message about nothing but Contracts; one about nothing at all is no message about an agreement (BA10). */
const isOnlyContracts = (about: readonly string[]): boolean =>
  about.length > 0 &&
  about.every((text) => /^(?:.*\/)?Contract\/[A-Za-z0-9.-]{1,64}(?:\/_history\/\d+)?$/.test(text));

/** Types that describe who works somewhere, and no patient. */
const NOBODY: ReadonlySet<string> = new Set([
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Location',
  'HealthcareService',
  'Endpoint',
]);

/** The document of an agreement travels as PDF or Word (BA10). */
const PAPER: ReadonlySet<unknown> = new Set([
  'application/pdf',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
]);

type Node = Readonly<Record<string, unknown>>;

/** Names under which a file or another record hangs on a message, at any depth. */
const HANGING: ReadonlySet<string> = new Set([
  'contentAttachment',
  'contentReference',
  'valueAttachment',
  'attachment',
  'valueBase64Binary',
]);

/** Every Attachment of a message and every record that its payload refers to, wherever they stand. */
export function attachmentsIn(node: unknown, depth = 0): readonly Node[] {
  if (typeof node !== 'object' || node === null || JSON.isRawJSON(node)) return [];
  if (depth > DEPTH_MAX) return [{}]; // too deep to be read: taken for one
  return Object.entries(node).flatMap(([name, member]) =>
    HANGING.has(name) && member !== null
      ? (Array.isArray(member) ? member : [member]).map((one): Node =>
          typeof one === 'object' ? (one as Node) : {},
        )
      : attachmentsIn(member, depth + 1),
  );
}
const DEPTH_MAX = 48;

/** Characters of a message with health information that an answer may repeat. */
const QUOTE_MIN = 40;

function isQuoted({ words, squeezed }: PlainText, source: Resource): boolean {
  const said = plainTextOf({ payload: source['payload'], topic: source['topic'], note: source['note'] });
  return quotes(words, said.words, QUOTE_MIN) || quotes(squeezed, said.squeezed, QUOTE_MIN);
}

/** The message as it is stored: with the category that counts, and who decided it. What the client wrote there is replaced. */
export function withDecision(message: Resource, { declared, decided, by }: ContentDecision): Resource {
  const extensions = listOf(message['extension']).filter(({ url }) => url !== CONTENT_DECISION);
  const others = listOf(message['category'])
    .map((concept) => ({
      ...concept,
      coding: listOf(concept['coding']).filter(({ system }) => system !== MESSAGE_CONTENT),
    }))
    .filter(({ coding, ...rest }) => coding.length > 0 || Object.keys(rest).length > 0)
    .map(({ coding, ...rest }) => (coding.length > 0 ? { coding, ...rest } : rest));
  return {
    ...message,
    extension: [
      ...extensions,
      {
        url: CONTENT_DECISION,
        extension: [
          ...(declared === undefined ? [] : [{ url: 'declared', valueCode: declared }]),
          { url: 'decided', valueCode: decided },
          { url: 'by', valueCode: by },
        ],
      },
    ],
    category: [...others, { coding: [{ system: MESSAGE_CONTENT, code: decided }] }],
  };
}

/**
 * The decision that stands in a draft or a header, where its sender sends back no more than the category that the server wrote:
 * that is nobody's declaration.
 */
export function keepDecision(decision: ContentDecision, before: Resource | undefined): ContentDecision {
  const [stood] = listOf(before?.['extension']).filter(({ url }) => url === CONTENT_DECISION);
  const said = (name: string): unknown =>
    listOf(stood?.['extension']).find(({ url }) => url === name)?.['valueCode'];
  const [declared, decided, by] = [said('declared'), said('decided'), said('by')];
  if (decision.decided !== 'phi' || decision.by !== 'declared' || decided !== 'phi' || by === 'declared')
    return decision;
  return {
    ...(CATEGORIES.has(declared) && { declared: declared as ContentCategory }),
    decided: 'phi',
    by: by as ContentDecision['by'], // the server wrote it
  };
}

const containedOf = (message: Resource): readonly Resource[] =>
  listOf(message['contained']) as readonly Resource[] & readonly Node[];

function referencesAt(resource: Resource, name: string): readonly string[] {
  const value = resource[name];
  return (Array.isArray(value) ? value : [value])
    .filter((one): one is Node => typeof one === 'object' && one !== null)
    .map(({ reference, identifier, display }) => {
      const said = reference ?? (identifier === undefined ? display : JSON.stringify(identifier));
      return typeof said === 'string' ? said : '';
    });
}

const codingsOf = (concepts: unknown): readonly Node[] =>
  listOf(concepts).flatMap((concept) => listOf(concept['coding']));

const listOf = (value: unknown): readonly Node[] => (Array.isArray(value) ? (value as readonly Node[]) : []);
