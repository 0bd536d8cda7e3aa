/** The link of an Organization to the one that it is part of, with the administrator's word about it (compliance D2). */
import type { Extension, Ref, Resource } from '../../fhir/types.ts';
import type { EntityLink } from '../../policies/same-entity.ts';
import { localRef, valuesAt } from '../element.ts';
import { standingOf } from './standing.ts';

export const SAME_LEGAL_ENTITY = 'https://closeloop.dev/fhir/StructureDefinition/same-legal-entity';

const SAME_OHCA = 'https://closeloop.dev/fhir/StructureDefinition/same-ohca';

/**
 * The organizations with which one takes part in an organized health care arrangement (45 CFR 160.103), by an
 * administrator's word.
 */
export const arrangementIn = (organization: Resource): readonly Ref[] =>
  standingOf(organization) === 'private'
    ? []
    : (valuesAt(organization, 'extension') as readonly Extension[]).flatMap(({ url, valueReference }) =>
        url === SAME_OHCA ? (localRef(valueReference) ?? []) : [],
      );

/** The link that an Organization's text names. A private record's link is its keeper's word, and confirms nothing. */
export function entityLinkIn(organization: Resource): EntityLink | undefined {
  const above = localRef(organization['partOf']);
  if (above === undefined || standingOf(organization) === 'private') return undefined;
  const extensions = valuesAt(organization, 'extension') as readonly {
    readonly url?: string;
    readonly valueBoolean?: boolean;
  }[];
  const said = extensions.filter(({ url }) => url === SAME_LEGAL_ENTITY);
  return { above, confirmed: said.length > 0 && said.every(({ valueBoolean }) => valueBoolean === true) };
}
