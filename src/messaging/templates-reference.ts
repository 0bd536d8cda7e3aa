/** The reference page of the texts to patients (docs/reference/message-templates.md). */
import {
  slotsOf,
  TEMPLATE_BASE,
  TEMPLATE_EXTENSION,
  MESSAGE_TEMPLATES,
  type TemplateId,
} from './templates.ts';

interface Typesetting {
  readonly table: (head: readonly string[], rows: readonly (readonly string[])[]) => string;
  readonly page: (title: string, source: string, blocks: readonly string[]) => string;
}

/** The page in Markdown. */
export function templatesMarkdown({ table, page }: Typesetting): string {
  const ids = Object.keys(MESSAGE_TEMPLATES) as TemplateId[];
  return page('Texts to patients', 'src/messaging/templates.ts', [
    `A text to a patient that needs no acknowledgement is one of these, word for word. The message names it in the extension \`${TEMPLATE_EXTENSION}\`: \`template\` (\`${TEMPLATE_BASE}\` and the id), \`language\` (en or es) and its slots: \`date\` (valueDate), \`time\` (valueTime), \`place\` (valueReference to an Organization, a Location or a HealthcareService), \`phone\` (valueString) and \`link\` (valueUrl).`,
    table(
      ['template', 'slots', 'English', 'Spanish'],
      ids.map((id) => [
        `\`${id}\``,
        slotsOf(id).join(', '),
        MESSAGE_TEMPLATES[id].en,
        MESSAGE_TEMPLATES[id].es,
      ]),
    ),
  ]);
}
