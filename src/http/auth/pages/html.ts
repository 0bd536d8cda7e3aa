/** HTML by tagged templates: what is put in is escaped, unless it is HTML that a template made. */

/** A piece of HTML that is safe to send. Only {@link html} makes one, so that no text of a person is taken for it. */
export class Html {
  readonly #markup: string;

  /** @param markup whose values have been escaped */
  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

/** Absent values leave nothing; lists are joined. */
type Value = Html | string | number | false | undefined | readonly Value[];

/** Builds HTML. A value may stand between tags or inside a quoted attribute, nowhere else. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(strings.reduce((text, piece, at) => text + written(values[at - 1]) + piece));
}

function written(value: Value): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'string') return escape(value);
  if (typeof value === 'number') return String(value);
  return value.map(written).join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escape = (text: string): string => text.replace(/[&<>"']/g, (one) => ESCAPES[one] ?? one);
