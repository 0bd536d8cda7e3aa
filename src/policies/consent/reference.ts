/** The kinds of Consents as a page of the reference. */
import { ELEMENTS } from './elements.ts';
import { CONSENT_KINDS, kindRow, type ConsentElement, type ConsentKind } from './kinds.ts';
import { waysToEnd } from './write-rules.ts';

const INTRODUCTION = `# Consents

Generated from \`src/policies/consent\` by \`npm run docs\`.

A Consent says its kind in \`policyRule\`, by a code of \`https://closeloop.dev/fhir/CodeSystem/consent-kind\`; the profile is \`https://closeloop.dev/fhir/StructureDefinition/consent\` ([rules](../rules.md), 2.16). What a kind needs must stand in it, or it permits nothing: the reply to the write lists what is missing, with the paragraphs below. \`A1\` to \`A12\` number the elements of an authorization (45 CFR 164.508(b), (c)); numbers that begin with 2.31 are paragraphs of 42 CFR.

- Who may disclose is an actor in role \`CST\`, who may be told in role \`IRCP\` (\`http://terminology.hl7.org/CodeSystem/v3-ParticipationType\`). \`Group/tpo-recipients\` stands for the class of treating providers and health plans.
- Statements are codes of \`https://closeloop.dev/fhir/CodeSystem/consent-statement\` in the extension \`consent-statements\`, one for each: who records the Consent attests that the signed form says them.
- The extensions \`information-description\`, \`expiration-event\`, \`authority-to-sign\`, \`revocation\` and \`refusal-reason\` stand under \`https://closeloop.dev/fhir/StructureDefinition/\`.`;

const EFFECTS = {
  deny: 'denies',
  permit: 'permits',
  either: 'permits nothing that needs a permit; may deny',
  record: 'is a record',
} as const;

function sectionFor(kind: ConsentKind): string {
  const { display, effect, law, oral, openEnded, releases } = kindRow(kind);
  const facts = [
    `It ${EFFECTS[effect]} (${law}).`,
    ...(releases === undefined ? [] : [`It may release guarded content: ${releases.join(', ')}.`]),
    ...(openEnded === true ? ['`none` is an expiry.'] : []),
    ...(oral === true ? ['A spoken word suffices.'] : []),
    endWords(kind),
  ];
  return [`## ${display}`, `\`${kind}\`. ${facts.join(' ')}`, ...checklistFor(kind)].join('\n\n');
}

const endWords = (kind: ConsentKind): string => {
  const ways = waysToEnd(kind);
  return ways.length === 0 ? 'It ends by its status.' : `It is ended: ${ways.join(', ')}.`;
};

function checklistFor(kind: ConsentKind): readonly string[] {
  const asked = Object.entries(kindRow(kind).elements) as [ConsentElement, string][]; // its keys
  if (asked.length === 0) return [];
  const rows = asked.map(([element, id]) => {
    const { says, path } = ELEMENTS[element];
    return `| ${says} | \`${path}\` | ${id} |`;
  });
  return [['| It needs | Where | Asked by |', '| --- | --- | --- |', ...rows].join('\n')];
}

/** The page. */
export const consentsMarkdown = (): string =>
  `${[INTRODUCTION, ...(Object.keys(CONSENT_KINDS) as ConsentKind[]).map(sectionFor)].join('\n\n')}\n`;
