/**
 * Chains into a resource that is part of the searched one: `Bundle?composition.patient=…`. The search uses values of
 * the whole, each under `code.param`, so it looks at no other resource and needs no other sight.
 */
import type { Clause } from '../../ports/query.ts';
import { unsupported } from './refusal.ts';

/**
 * The clause about the inner resource, as a clause about the whole. `head` is the hop in the request: a type in it must
 * be that of the inner resource.
 */
export function inside(
  code: string,
  type: string,
  head: string,
  where: Clause | undefined,
): Clause | undefined {
  const [, only] = head.split(':');
  if (only !== undefined && only !== type) throw unsupported(head, 'never refers to that type here');
  return where && move(where, code, type, head);
}

function move(clause: Clause, code: string, type: string, head: string): Clause {
  switch (clause.kind) {
    case 'all':
    case 'any':
      return { kind: clause.kind, of: clause.of.map((one) => move(one, code, type, head)) };
    case 'not':
      return { kind: 'not', clause: move(clause.clause, code, type, head) };
    case 'other':
      return { kind: 'other', clause: { ...clause.clause, param: `${code}.${clause.clause.param}` } };
    case 'id':
      return { kind: 'reference', param: code, to: clause.ids.map((id) => `${type}/${id}`) };
    case 'has':
    case 'inside':
    case 'keeper':
    case 'updated':
    case 'text':
    case 'display':
      throw unsupported(head, 'stands inside the resource and has no life of its own');
    default:
      return { ...clause, param: `${code}.${clause.param}` };
  }
}
