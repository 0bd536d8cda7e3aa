/** What all pages have in common: the document, the forms, the fields and the messages. */
import { html, type Html } from './html.ts';

/** What a page shows. */
export interface WebPage {
  /** What stands in the window's title and as the heading. */
  readonly title: string;
  readonly body: Html;
  /** Why the form was not taken: it is read out first. */
  readonly error?: string | undefined;
  /** What was just done. */
  readonly notice?: string | undefined;
  /** The file of passkeys is loaded. No other page has a script. */
  readonly script?: boolean;
  /** Lists need more room than a form. */
  readonly wide?: boolean;
}

/** Where the files of pages are found, with the hash of what they hold. */
export interface PageFiles {
  readonly style: string;
  readonly script: string;
  readonly icon: string;
}

const MAIN = 'main';

/** The whole document. */
export function renderPage(page: WebPage, files: PageFiles): string {
  const { title, body, error, notice, script = false, wide = false } = page;
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${error !== undefined && 'Problem: '}${title} – Closeloop</title>
        <link rel="icon" href="${files.icon}" />
        <link rel="stylesheet" href="${files.style}" />
        ${script && html`<script src="${files.script}" defer></script>`}
      </head>
      <body>
        <a class="skip" href="#${MAIN}">Skip to the content</a>
        <header><p class="brand">Closeloop</p></header>
        <main id="${MAIN}" class="${wide ? 'wide' : 'narrow'}">
          <h1>${title}</h1>
          ${error !== undefined && html`<div class="message problem" role="alert"><p>${error}</p></div>`}
          ${notice !== undefined && html`<div class="message done" role="status"><p>${notice}</p></div>`}
          ${body}
        </main>
      </body>
    </html>`;
  return `${document.toString()}\n`;
}

/** A form of a page. It is sent with its token, without which it is not taken. */
export interface Form {
  readonly action: string;
  /** Bound to the session or the sign-in, and to this form. */
  readonly token: string;
}

/** The name of the field that holds the token of a form. */
export const FORM_TOKEN = 'form_token';

export const form = ({ action, token }: Form, inside: Html, name?: string): Html =>
  html`<form method="post" action="${action}" aria-label="${name ?? 'Form'}">
    <input type="hidden" name="${FORM_TOKEN}" value="${token}" />
    ${inside}
  </form>`;

/** One line of text that a person types. */
interface TextField {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'password' | 'search';
  /** What the browser may fill in (WCAG 1.3.5). */
  readonly autocomplete: string;
  readonly hint?: string;
  readonly value?: string | undefined;
  readonly numeric?: boolean;
  readonly optional?: boolean;
  readonly wrong?: boolean;
  readonly maxLength?: number;
}

export function textField(one: TextField): Html {
  const { name, label, type = 'text', autocomplete, hint, value, numeric, optional, wrong } = one;
  return html`<div class="field">
    <label for="${name}">${label}</label>
    ${hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`}
    <input
      id="${name}"
      name="${name}"
      type="${type}"
      autocomplete="${autocomplete}"
      autocapitalize="none"
      spellcheck="false"
      maxlength="${one.maxLength ?? 512}"
      ${value !== undefined && html`value="${value}"`}
      ${numeric === true && html`inputmode="numeric"`}
      ${optional !== true && html`required`}
      ${hint !== undefined && html`aria-describedby="${name}-hint"`}
      ${wrong === true && html`aria-invalid="true"`}
    />
  </div>`;
}

/** A button that sends its form. Named buttons say which of several was pressed. */
export const button = (
  label: string,
  options: {
    readonly name?: string;
    readonly value?: string;
    readonly quiet?: boolean;
    readonly free?: boolean;
  } = {},
): Html =>
  html`<button
    type="submit"
    class="${options.quiet === true ? 'quiet' : 'main'}"
    ${options.name !== undefined && html`name="${options.name}" value="${options.value ?? 'yes'}"`}
    ${options.free === true && html`formnovalidate`}
  >
    ${label}
  </button>`;

export const hidden = (name: string, value: string): Html =>
  html`<input type="hidden" name="${name}" value="${value}" />`;

/** An instant as people read it, in UTC, because the server does not know where they are. */
export const instant = (ms: number): Html => {
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)}, ${iso.slice(11, 16)} UTC</time>`;
};
