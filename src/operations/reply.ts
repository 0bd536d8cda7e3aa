/** From what was committed to what the client is told (http://hl7.org/fhir/R4/http.html#create, Prefer: return). */
import { outcomeOf, readResult, type ResultVersion, type Templates } from './result-version.ts';
import { bundleReply } from './bundle/bundle-reply.ts';
import type { Resource } from '../fhir/types.ts';
import type { Reply, Request } from './request.ts';
import type { OperationContext } from './context.ts';
import { noticeOfReply, type ToldAlone } from './notice.ts';
import { showResult } from './show.ts';
import { placeFile } from '../ports/stored-file.ts';
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
  const result = await readResult(context, reply, reply.answered.answer, templates);
  // A conditional create that found what it asked for says where that is (http://hl7.org/fhir/R4/http.html#ccreate).
  const found = request.interaction === 'create' && result.status === 200;
  const shown = found || result.status === 201;
  const { notice, headers } = await noticeOfReply(context, request.caller, result);
  return {
    status: result.status,
    version: result.seq,
    at: result.at,
    ...(shown && { location: `${result.ref}/_history/${result.seq}` }),
    ...bodyOf(request, reply, { ...result, notice }),
    headers: {
      ...headersOf(context, reply, headers?.['Link']),
      ...(found && {
        'Content-Location': `${context.settings.publicBase}/${result.ref}/_history/${result.seq}`,
      }),
    },
    notes: reply.notes,
  };
}

function bodyOf(
  { prefer, caller }: Request,
  reply: CommittedReply,
  { ref, text, custodian, notice }: ResultVersion & Pick<ToldAlone, 'notice'>,
): Pick<Reply, 'text' | 'file' | 'resource' | 'masked'> {
  if (prefer.return === 'minimal') return {};
  if (prefer.return === 'OperationOutcome')
    return { resource: outcomeOf(reply.notes) as unknown as Resource }; // an outcome is a resource
  if (text === undefined || ref === undefined) return {};
  const placed = placeFile(text);
  const shown = showResult({ ref, text: placed.text, custodian, notice }, caller);
  return {
    text: shown.text,
    ...(placed.file !== undefined && { file: placed.file }),
    ...(shown.masked && { masked: true }),
  };
}

/** Notes travel as Warning headers beside a representation, opened Tasks as Link headers. */
function headersOf(
  { settings }: OperationContext,
  { notes, links }: CommittedReply,
  consent: string | undefined,
): Record<string, string> {
  const opened = links.map(({ rel, ref }) => `<${settings.publicBase}/${ref}>; rel="${rel}"`);
  const link = [...opened, ...(consent === undefined ? [] : [consent])].join(', ');
  const warning = warningOf(notes);
  return { ...(link !== '' && { Link: link }), ...(warning !== '' && { Warning: warning }) };
}

/** Notes as the value of a Warning header. */
export const warningOf = (notes: CommittedReply['notes']): string =>
  notes
    .flatMap(({ diagnostics }) => (diagnostics === undefined ? [] : [`199 - ${quote(diagnostics)}`]))
    .slice(0, 10)
    .join(', ');

/** A quoted-string of RFC 9110 5.6.4: printable ASCII only. */
const quote = (text: string): string =>
  `"${text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, (mark) => `\\${mark}`)}"`;
