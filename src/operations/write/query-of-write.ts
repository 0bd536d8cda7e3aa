/** Refuses a query on a write that does not use it, because its client meant something by it. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Interaction, Request } from '../request.ts';

/** Parameters of every interaction (http://hl7.org/fhir/R4/http.html#parameters). */
const GENERAL: ReadonlySet<string> = new Set(['_format', '_pretty', '_summary', '_elements']);

/** What to do instead, by interaction. */
const INSTEAD: Readonly<Partial<Record<Interaction, string>>> = {
  create: 'say what a create depends on in If-None-Exist, or in ifNoneExist of a Bundle entry',
  update: 'name the resource by its id or by a condition, not by both',
  patch: 'name the resource by its id or by a condition, not by both',
  delete: 'name the resource by its id or by a condition, not by both',
  batch: 'a Bundle is sent without parameters',
  transaction: 'a Bundle is sent without parameters',
};

/** @throws OperationOutcomeError `search-parameter-unknown` */
export function checkQuery({ interaction, id, query }: Pick<Request, 'interaction' | 'id' | 'query'>): void {
  const instead = INSTEAD[interaction];
  const isConditional = id === undefined && CONDITIONAL.has(interaction);
  if (instead === undefined || isConditional) return;
  if (query.every(([name]) => GENERAL.has(name))) return;
  throw new OperationOutcomeError('search-parameter-unknown', {
    diagnostics: `this ${interaction} has no such parameter; ${instead}`,
  });
}

const CONDITIONAL: ReadonlySet<Interaction> = new Set(['update', 'patch', 'delete']);
