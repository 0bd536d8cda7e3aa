/**
 * `_list` (http://hl7.org/fhir/R4/search.html#list): the resources that a List names and has not struck out. The store
 * keeps them under a parameter of their own, since `item` also holds those that are struck out.
 */
import { parseReference } from '../../fhir/reference.ts';
import type { List, Resource } from '../../fhir/types.ts';
import type { Clause, SearchValue } from '../../ports/query.ts';
import type { FilterOptions } from './filter.ts';
import { invalid, unsupported } from './refusal.ts';

/** The parameter with a List's members. */
const MEMBER_PARAM = ':member';

/** The number of members of one List that are kept. */
const LIST_MEMBERS_MAX = 10_000;

/** The members of a List as search values; none of any other resource. */
export function membersOf(resource: Resource): readonly SearchValue[] {
  if (resource.resourceType !== 'List') return [];
  const { entry = [] } = resource as unknown as Partial<List>; // of that type
  const refs = new Set<string>();
  for (const { item, deleted } of entry) {
    const parsed =
      deleted === true || item?.reference === undefined ? undefined : parseReference(item.reference);
    if (parsed?.kind === 'local' && refs.size < LIST_MEMBERS_MAX) refs.add(parsed.ref);
  }
  return [...refs].map((low) => ({ param: MEMBER_PARAM, low, high: '' }));
}

const ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** `_list=42`: the members of List/42, when the caller sees that List. */
export function askList(values: readonly string[], name: string, { types }: FilterOptions): Clause {
  if (types !== undefined && !types.has('List')) throw unsupported(name, 'there are no Lists here');
  if (values.some((value) => value.startsWith('$')))
    throw unsupported(name, 'functional lists such as $current-problems are not kept: name a List by its id');
  const ids = values.map((value) => value.replace(/^List\//, ''));
  if (!ids.every((id) => ID.test(id))) throw invalid(name, 'the id of a List');
  return { kind: 'has', type: 'List', param: MEMBER_PARAM, where: { kind: 'id', ids } };
}
