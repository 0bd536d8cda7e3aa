/** Elements of a document as text. Everything that is put into one is escaped here, or is an element already. */
import { escapeAttribute, escapeXmlText, printable } from './characters.ts';

/** A piece of XML: made by {@link element}, {@link text} or {@link joinXml} alone. */
export type Xml = string & { readonly xml: unique symbol };

/** Values of attributes; an undefined one is not written. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

export type XmlChild = Xml | undefined | readonly (Xml | undefined)[];

/** An element. Names are ours, values may be anybody's. */
export function element(name: string, attributes: Attributes = {}, ...children: readonly XmlChild[]): Xml {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeAttribute(printable(String(value)))}"`)
    .join('');
  const inner = children
    .flat()
    .filter((child) => child !== undefined)
    .join('');
  return (inner === '' ? `<${name}${written}/>` : `<${name}${written}>${inner}</${name}>`) as Xml;
}

/** Pieces one behind the other. */
export const joinXml = (pieces: readonly Xml[]): Xml => pieces.join('') as Xml;

/** Text between tags. */
export const text = (value: string): Xml => escapeXmlText(printable(value)) as Xml;

/** An element that holds text; undefined for none. */
export const texted = (
  name: string,
  value: string | undefined,
  attributes: Attributes = {},
): Xml | undefined =>
  value === undefined || value === '' ? undefined : element(name, attributes, text(value));

export const nothing = (name: string, nullFlavor: string, attributes: Attributes = {}): Xml =>
  element(name, { ...attributes, nullFlavor });
