/**
 * Chains into a resource that is part of the one that is searched: `Bundle?composition.patient=…`. It is found by values of
 * the whole, each under `code.param`, so nothing else is looked at and no other sight is needed.
 */
import type { Clause } from '../../ports/query.ts';
import { unsupported } from './refusal.ts';

/**
 * The clause on the resource inside, as one on the whole. `head` is the hop as asked: a type in it must be that of the
 * resource inside.
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
    case 'updated':
    case 'text':
    case 'display':
      throw unsupported(head, 'stands inside the resource and has no life of its own');
    default:
      return { ...clause, param: `${code}.${clause.param}` };
  }
}
