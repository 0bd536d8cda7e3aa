/**
 * The layout of a type in XML, from R4's table: its elements in their mandatory order
 * (http://hl7.org/fhir/R4/xml.html), with the JSON property of each.
 */
import {
  elementsOfType,
  propertiesOf,
  RESOURCE_TYPE_NAMES,
  type ElementType,
} from '../resources/validation/structure.ts';

/** One element, or one type of a choice, as it may stand in a structure. */
export interface LayoutSlot {
  /** The name of the element and of the JSON property. */
  readonly name: string;
  /** The position. Elements appear in this order; the types of one choice share a position. */
  readonly order: number;
  /** The datatype, or the name of the inner structure. */
  readonly code: string;
  readonly kind: 'primitive' | 'structure' | 'resource' | 'xhtml';
  readonly list: boolean;
}

export interface Layout {
  readonly slots: ReadonlyMap<string, LayoutSlot>;
  /** The XML attributes of a type: `id` of an element, `url` of an extension. */
  readonly attributes: ReadonlySet<string>;
  /** Properties that are no elements in XML: the attributes, and the name of a resource type. */
  readonly apart: ReadonlySet<string>;
}

const known = new Map<string, Layout>();

/**
 * The layout of a type.
 *
 * @param type a resource, a datatype or an inner structure of the table
 */
export function layoutOf(type: string): Layout {
  const layout = known.get(type) ?? buildLayout(type);
  known.set(type, layout);
  return layout;
}

function buildLayout(type: string): Layout {
  const slots = new Map<string, LayoutSlot>();
  const attributes = new Set<string>();
  for (const [order, element] of elementsOfType(type).entries()) {
    for (const [name, elementType] of propertiesOf(element)) {
      // The id of a resource is an element, although it takes no extensions either.
      if (elementType.attribute && !RESOURCE_TYPE_NAMES.has(type)) attributes.add(name);
      else
        slots.set(name, {
          name,
          order,
          code: elementType.code,
          kind: kindOf(elementType),
          list: element.max > 1,
        });
    }
  }
  const apart = RESOURCE_TYPE_NAMES.has(type) ? new Set(['resourceType']) : attributes;
  return { slots, attributes, apart };
}

function kindOf({ code }: ElementType): LayoutSlot['kind'] {
  if (code === 'Resource') return 'resource';
  if (code === 'xhtml') return 'xhtml';
  return elementsOfType(code).length === 0 ? 'primitive' : 'structure';
}
