/** Random resources of any type of R4: every element of the table may be there, with values that JSON and XML both can say. */
import * as fc from '../../chance.ts';
import {
  elementsOfType,
  propertiesOf,
  RESOURCE_TYPE_NAMES,
  type Element,
  type ElementType,
} from '../../../src/resources/validation/structure.ts';

type Tree = Record<string, unknown>;

const TEXT = fc.oneof(
  fc.constantFrom(
    'a',
    'ünïcödé',
    '𝒳😀',
    'a & b < c > "d" \'e\'',
    'line\nline\ttab\rend',
    ']]>',
    '<!--',
    '  x  ',
  ),
  fc
    .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
    .filter((text) => /\S/.test(text) && SAYABLE.test(text)),
);
// oxlint-disable-next-line no-control-regex -- what XML cannot say
const SAYABLE = /^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]*$/;
const DECIMAL = fc.constantFrom(
  '0',
  '-0',
  '1.50',
  '1E2',
  '1e-7',
  '-3.1400',
  '0.00000001',
  '12345678901234567890.10',
  '7',
);
const DIV = fc.constantFrom(
  '<div xmlns="http://www.w3.org/1999/xhtml">x</div>',
  '<div xmlns="http://www.w3.org/1999/xhtml"><p title=\'"&#160;&amp;\'>a &lt; b<!-- c & d --><br/></p>\n</div>',
);

function valueOf(code: string): fc.Arbitrary<unknown> {
  switch (code) {
    case 'boolean':
      return fc.boolean();
    case 'decimal':
      return DECIMAL.map((literal) =>
        String(Number(literal)) === literal ? Number(literal) : JSON.rawJSON(literal),
      );
    case 'integer':
      return fc.integer();
    case 'positiveInt':
    case 'unsignedInt':
      return fc.nat();
    case 'xhtml':
      return DIV;
    default:
      return TEXT;
  }
}

const isPrimitive = ({ code }: ElementType): boolean =>
  elementsOfType(code).length === 0 && code !== 'Resource';
const isResource = ({ code }: ElementType): boolean => code === 'Resource';

/** A list or one, as the element has it; a primitive may have extensions beside its value, or instead of it. */
function property(element: Element, name: string, type: ElementType, depth: number): fc.Arbitrary<Tree> {
  const many = element.max > 1;
  if (isResource(type)) return wrap(many, name, randomResource(depth - 1));
  if (!isPrimitive(type)) return wrap(many, name, structure(type.code, depth - 1));
  if (type.attribute || type.code === 'xhtml') return valueOf(type.code).map((value) => ({ [name]: value }));
  const pair = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(valueOf(type.code), fc.constant(null)) },
    { weight: 1, arbitrary: fc.tuple(valueOf(type.code), beside(depth)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant(null), beside(depth)) },
  );
  if (!many) return pair.map(([value, extra]) => drop({ [name]: value, [`_${name}`]: extra }));
  return fc.array(pair, { minLength: 1, maxLength: 3 }).map((pairs) =>
    drop({
      [name]: keep(pairs.map(([value]) => value)),
      [`_${name}`]: keep(pairs.map(([, extra]) => extra)),
    }),
  );
}

const wrap = (many: boolean, name: string, one: fc.Arbitrary<unknown>): fc.Arbitrary<Tree> =>
  (many ? fc.array(one, { minLength: 1, maxLength: 2 }) : one).map((value) => ({ [name]: value }));

const drop = (tree: Tree): Tree =>
  Object.fromEntries(Object.entries(tree).filter(([, value]) => value !== null));
const keep = (list: readonly unknown[]): readonly unknown[] | null =>
  list.some((each) => each !== null) ? list : null;

const beside = (depth: number): fc.Arbitrary<Tree> =>
  depth <= 0
    ? fc.constant({ extension: [{ url: 'http://example.org/x', valueCode: 'y' }] })
    : fc.record(
        {
          id: fc.constant('i1'),
          extension: fc.array(structure('Extension', depth - 1), { minLength: 1, maxLength: 2 }),
        },
        { requiredKeys: ['extension'] },
      );

/** A few of the type's elements, in the order of the table. Never empty. */
function structure(type: string, depth: number): fc.Arbitrary<Tree> {
  const elements = elementsOfType(type).filter((element) => depth > 0 || element.types.some(isPrimitive));
  return fc
    .subarray([...elements], { minLength: 1, maxLength: Math.min(elements.length, depth > 0 ? 5 : 2) })
    .chain((chosen) => fc.tuple(...chosen.map((element) => oneOf(element, depth))))
    .map((parts): Tree => Object.assign({}, ...parts) as Tree)
    .map((tree) => (Object.keys(tree).every((name) => name === 'id') ? { ...tree, ...filler(type) } : tree));
}

/** What makes an element with an id alone one that says something. */
const filler = (type: string): Tree =>
  RESOURCE_TYPE_NAMES.has(type)
    ? {}
    : type === 'Extension'
      ? { url: 'http://example.org/y' }
      : { extension: [{ url: 'http://example.org/z' }] };

function oneOf(element: Element, depth: number): fc.Arbitrary<Tree> {
  const choices = propertiesOf(element).filter(([, type]) => depth > 0 || isPrimitive(type));
  return fc.constantFrom(...choices).chain(([name, type]) => property(element, name, type, depth));
}

const TYPES = [...RESOURCE_TYPE_NAMES].toSorted();

/** @param depth structures within each other, at most */
export function randomResource(depth: number): fc.Arbitrary<Tree> {
  return fc
    .constantFrom(...(depth > 1 ? TYPES : ['Basic', 'Binary', 'Parameters']))
    .chain((resourceType) =>
      fc
        .option(structure(resourceType, Math.max(depth, 0)), { nil: {} })
        .map((elements) => ({ resourceType, ...elements })),
    );
}
