/** From what was committed to what the client is told (http://hl7.org/fhir/R4/http.html#create, Prefer: return). */
import { buildOutcome, type IssueDetail } from '../fhir/issue.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import { stampText, type Template } from '../ports/store.ts';
import { bundleReply } from './bundle-reply.ts';
import { EVERYTHING } from './draft.ts';
import type { Reply, Request } from './request.ts';
import type { Room } from './room.ts';
import { showText } from './show.ts';
import type { KeptAnswer, ToldOf } from './told.ts';

export type Templates = ReadonlyMap<Ref, Template>;

/** One version as an answer holds it. */
export interface Answered {
  readonly status: number;
  readonly ref?: Ref;
  readonly seq?: number;
  readonly at?: string;
  /** Undefined where nothing is left to show (a delete). */
  readonly text?: string | undefined;
}

export async function replyTo(
  room: Room,
  request: Request,
  told: ToldOf,
  templates: Templates = new Map(),
): Promise<Reply> {
  if (told.answered.kind === 'bundle')
    return bundleReply(room, request, told, told.answered.answers, templates);
  if (told.answered.kind === 'refused') throw new Error('a refusal is thrown, not replied');
  const answer = await readAnswer(room, told, told.answered.answer, templates);
  return {
    status: answer.status,
    version: answer.seq,
    at: answer.at,
    ...(answer.status === 201 && { location: `${answer.ref}/_history/${answer.seq}` }),
    ...bodyOf(request, told, answer),
    headers: headersOf(room, told),
  };
}

function bodyOf(
  { prefer, caller }: Request,
  told: ToldOf,
  { ref, text }: Answered,
): Pick<Reply, 'text' | 'resource'> {
  if (prefer.return === 'minimal') return {};
  if (prefer.return === 'OperationOutcome') return { resource: outcomeOf(told.notes) };
  return text === undefined || ref === undefined ? {} : { text: showText(ref, text, caller) };
}

const ALL_WELL: IssueDetail = { code: 'internal', severity: 'information', type: 'informational' };

/** What was said beside success; "all well" when nothing was. */
export function outcomeOf(notes: readonly IssueDetail[]): Resource {
  const outcome =
    notes.length > 0
      ? buildOutcome(notes)
      : {
          resourceType: 'OperationOutcome',
          issue: [{ severity: ALL_WELL.severity, code: ALL_WELL.type, diagnostics: 'done as asked' }],
        };
  return outcome as unknown as Resource; // an OperationOutcome is a resource
}

/** Notes travel as Warning headers beside a representation, opened Tasks as Link headers. */
function headersOf({ settings }: Room, { notes, links }: ToldOf): Record<string, string> {
  const link = links.map(({ rel, ref }) => `<${settings.publicBase}/${ref}>; rel="${rel}"`).join(', ');
  const warning = notes
    .flatMap(({ diagnostics }) => (diagnostics === undefined ? [] : [`199 - ${quote(diagnostics)}`]))
    .slice(0, 10)
    .join(', ');
  return { ...(link !== '' && { Link: link }), ...(warning !== '' && { Warning: warning }) };
}

/** A quoted-string of RFC 9110 5.6.4: printable ASCII only. */
const quote = (text: string): string =>
  `"${text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, (mark) => `\\${mark}`)}"`;

/** The version that an answer stands for, with its text: stamped now, or read again. */
export async function readAnswer(
  { store }: Room,
  { seq, at }: ToldOf,
  answer: KeptAnswer,
  templates: Templates,
): Promise<Answered> {
  switch (answer.kind) {
    case 'nothing':
      return { status: answer.status };
    case 'planned': {
      const template = templates.get(answer.ref);
      const text = template === undefined ? undefined : stampText(template, seq, at);
      const { status, ref } = answer;
      if (text !== undefined || status === 204) return { status, ref, seq, at, text };
      return readVersion(store, status, ref, seq);
    }
    case 'existing':
      return readVersion(store, 200, answer.ref, answer.seq);
    case 'read':
      return answer.seq === 0
        ? readAnswer(
            { store } as Room,
            { seq, at } as ToldOf,
            { kind: 'planned', ref: answer.ref, status: 200 },
            templates,
          )
        : readVersion(store, 200, answer.ref, answer.seq);
    case 'search':
      throw new Error('a search is run, not read');
  }
}

async function readVersion(store: Room['store'], status: number, ref: Ref, seq: number): Promise<Answered> {
  const version = await store.snapshot().vread(ref, seq, EVERYTHING);
  return { status, ref, seq, at: version?.at ?? '', text: version?.text };
}
