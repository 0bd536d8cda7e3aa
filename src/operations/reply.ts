/** From what was committed to what the client is told (http://hl7.org/fhir/R4/http.html#create, Prefer: return). */
import { outcomeOf, readAnswer, type Answered, type Templates } from './answer.ts';
import { bundleReply } from './bundle/bundle-reply.ts';
import type { Resource } from '../fhir/types.ts';
import type { Reply, Request } from './request.ts';
import type { OperationContext } from './context.ts';
import { showText } from './show.ts';
import type { CommittedReply } from './stored-reply.ts';

export async function replyTo(
  context: OperationContext,
  request: Request,
  reply: CommittedReply,
  templates: Templates = new Map(),
): Promise<Reply> {
  if (reply.answered.kind === 'bundle')
    return bundleReply(context, request, reply, reply.answered.answers, templates);
  if (reply.answered.kind === 'refused') throw new Error('a refusal is thrown, not replied');
  const answer = await readAnswer(context, reply, reply.answered.answer, templates);
  // A conditional create that found what it asked for says where that is (http://hl7.org/fhir/R4/http.html#ccreate).
  const found = request.interaction === 'create' && answer.status === 200;
  const shown = found || answer.status === 201;
  return {
    status: answer.status,
    version: answer.seq,
    at: answer.at,
    ...(shown && { location: `${answer.ref}/_history/${answer.seq}` }),
    ...bodyOf(request, reply, answer),
    headers: {
      ...headersOf(context, reply),
      ...(found && {
        'Content-Location': `${context.settings.publicBase}/${answer.ref}/_history/${answer.seq}`,
      }),
    },
    notes: reply.notes,
  };
}

function bodyOf(
  { prefer, caller }: Request,
  reply: CommittedReply,
  { ref, text }: Answered,
): Pick<Reply, 'text' | 'resource'> {
  if (prefer.return === 'minimal') return {};
  if (prefer.return === 'OperationOutcome')
    return { resource: outcomeOf(reply.notes) as unknown as Resource }; // an outcome is a resource
  return text === undefined || ref === undefined ? {} : { text: showText(ref, text, caller) };
}

/** Notes travel as Warning headers beside a representation, opened Tasks as Link headers. */
function headersOf({ settings }: OperationContext, { notes, links }: CommittedReply): Record<string, string> {
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
