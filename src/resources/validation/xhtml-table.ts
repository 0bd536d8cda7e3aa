/**
 * The elements of a narrative and their attributes, from HL7's schema of FHIR's XHTML (`fhir-xhtml.xsd` of R4): XHTML
 * 1.0 Strict without document structure, forms, objects, scripts, event handlers, inserted and deleted text.
 */

const words = (list: string): readonly string[] => list.split(' ').filter((word) => word !== '');

/** "coreattrs" and "i18n": the attributes of every element, unless its row says otherwise. */
const CORE = words('id class style title');
const COMMON = [...CORE, ...words('lang xml:lang dir')];
const FOCUS = 'accesskey tabindex';
const CELLS = 'align char charoff valign';

/** Elements without attributes of their own. */
const PLAIN = words(
  'abbr acronym address b bdo big caption cite code dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i kbd li ol p samp small ' +
    'span strong sub sup tt ul var',
);

const OWN: Readonly<Record<string, string>> = {
  a: `${FOCUS} charset type name href hreflang rel rev shape coords`,
  area: `${FOCUS} shape coords href nohref alt`,
  blockquote: 'cite',
  col: `span width ${CELLS}`,
  colgroup: `span width ${CELLS}`,
  img: 'src alt longdesc height width usemap ismap',
  map: 'name',
  pre: 'xml:space',
  q: 'cite',
  table: 'summary width border frame rules cellspacing cellpadding',
  tbody: CELLS,
  td: `abbr axis headers scope rowspan colspan ${CELLS}`,
  tfoot: CELLS,
  th: `abbr axis headers scope rowspan colspan ${CELLS}`,
  thead: CELLS,
  tr: CELLS,
};

/** The attributes of each element. */
export const XHTML_ATTRIBUTES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ...PLAIN.map((element) => [element, new Set(COMMON)] as const),
  ...Object.entries(OWN).map(([element, own]) => [element, new Set([...COMMON, ...words(own)])] as const),
  ['br', new Set(CORE)],
]);

/** Attributes whose value is an address. */
export const XHTML_ADDRESSES: ReadonlySet<string> = new Set(words('cite href longdesc src usemap'));
