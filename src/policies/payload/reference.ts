/** The payload table as a page of the reference. */
import { PAYLOADS } from './index.ts';
import type { CodeRange, PayloadElement, PayloadRow, PayloadType } from './row.ts';

const INTRODUCTION = `# Payloads

Generated from \`src/policies/payload\` by \`npm run docs\`.

What goes with a referral, by the service that is asked for or by what the recipient is (45 CFR 164.514(d)(3)(i)). A type, an element or a code that no row names stays.

- To a provider for treatment, minimum necessary does not apply (45 CFR 164.502(b)(2)(i)): the row is what the server takes by itself, and whatever the sender names goes as well. Of the record of a 42 CFR Part 2 program only what the sender names or the row holds goes (42 CFR 2.13(a)).
- Everywhere else the row is the most that goes. What the sender named beyond it refuses the whole; what the server found by itself is left out, and listed for the sender.`;

const wordsOf = ({ system, codes, between }: CodeRange): string => {
  const which = between === undefined ? (codes ?? []).join(', ') : between.join(' to ');
  return `\`${system}\` ${which}`;
};

function ruleWords(name: string, rule: PayloadElement): string {
  if (rule === 'whole') return name;
  if (rule === 'year') return `${name} (the year)`;
  if (rule === 'reference') return `${name} (no number)`;
  if (rule === 'words') return `${name} (texts, no files)`;
  return `${name} (${rule.codes.map(wordsOf).join('; ')}; or words alone)`;
}

function typeWords({ addressed, ...rule }: PayloadType): string {
  const words = elementWords(rule);
  return addressed === undefined ? words : `only what is addressed to it: ${words}`;
}

function elementWords({ elements, reduced, codes }: PayloadType): string {
  const named = Object.entries(elements ?? {}).map(([name, rule]) => ruleWords(name, rule));
  const changed = Object.entries(reduced ?? {}).map(([name, rule]) => ruleWords(name, rule));
  if (codes !== undefined) return codes.map(wordsOf).join('<br>');
  if (elements !== undefined) return named.join(', ');
  return changed.length === 0 ? 'whole' : `whole, but ${changed.join(', ')}`;
}

function sectionOf({ name, title, basis, purposes, recipient, section, types }: PayloadRow): string {
  const asked =
    section === undefined
      ? `recipients of the kind \`${recipient ?? ''}\``
      : `the section \`${section}\` of a request`;
  const rows = Object.entries(types).map(([type, rule]) => `| ${type} | ${typeWords(rule)} |`);
  return [
    `## ${title}`,
    `\`${name}\`, for ${asked}, purpose ${purposes.join(', ')}. ${basis}.`,
    ['| Type | What of it |', '| --- | --- |', ...rows].join('\n'),
  ].join('\n\n');
}

/** The page. */
export const payloadsMarkdown = (): string => `${[INTRODUCTION, ...PAYLOADS.map(sectionOf)].join('\n\n')}\n`;
