/**
 * Writes `docs/reference` from the tables that the server runs on.
 *
 *     npm run docs              writes what has changed
 *     npm run docs -- --check   writes nothing; ends with 1 when a page is not what the tables say
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildCapabilityStatement } from '../src/capability/capability-statement.ts';
import type { ServedHouse } from '../src/capability/index.ts';
import { complianceMarkdown } from './compliance/index.ts';
import { conformanceMarkdown } from './conformance/index.ts';
import { agreementsMarkdown } from '../src/agreements/reference.ts';
import { ccdaMarkdown } from '../src/ccda/reference.ts';
import { deliveriesMarkdown } from '../src/delivery/delivered/reference.ts';
import { ISSUES } from '../src/fhir/issue.ts';
import { hl7v2Markdown } from '../src/hl7v2/reference.ts';
import { accountsMarkdown } from '../src/accounts/reference.ts';
import { rolesMarkdown } from '../src/identity/reference.ts';
import { messagesMarkdown } from '../src/messaging/reference.ts';
import { OPERATIONS } from '../src/operations/extended/index.ts';
import { OFFERED } from '../src/operations/perform.ts';
import { templatesMarkdown } from '../src/messaging/templates-reference.ts';
import { consentsMarkdown } from '../src/policies/consent/reference.ts';
import { payloadsMarkdown } from '../src/policies/payload/reference.ts';
import { transitionsMarkdown } from '../src/referral/overview.ts';
import { RESOURCE_TYPES } from '../src/resources/index.ts';
import { PATTERNS } from '../src/resources/audit-patterns.ts';
import { searchParameters } from '../src/resources/search-parameters.ts';
import { flagOf, variableOf, type Setting } from '../src/server/setting.ts';
import { SETTINGS } from '../src/server/settings.ts';
import { EXIT, runCommand, Trouble } from './command.ts';
import { policiesMarkdown } from './reference-policies.ts';

const FOLDER = join(import.meta.dirname, '../docs/reference');

const PAGES: Readonly<Record<string, () => string>> = {
  'settings.md': settingsMarkdown,
  'issues.md': issuesMarkdown,
  'roles.md': () => rolesMarkdown({ table, page }),
  'accounts.md': () => accountsMarkdown({ table, page }),
  'policies.md': () => policiesMarkdown({ table, page }),
  'capability.md': capabilityMarkdown,
  'transitions.md': transitionsMarkdown,
  'hl7v2.md': hl7v2Markdown,
  'ccda.md': ccdaMarkdown,
  'messages.md': () => messagesMarkdown({ table, page }),
  'payloads.md': payloadsMarkdown,
  'consents.md': consentsMarkdown,
  'message-templates.md': () => templatesMarkdown({ table, page }),
  'agreements.md': () => agreementsMarkdown({ table, page }),
  'audit.md': auditMarkdown,
  'deliveries.md': deliveriesMarkdown,
  '../conformance.md': conformanceMarkdown,
  '../compliance.md': complianceMarkdown,
};

function settingsMarkdown(): string {
  const rows = Object.entries(SETTINGS as Readonly<Record<string, Setting<unknown>>>).map(
    ([name, setting]) => [
      `\`${name}\``,
      `\`${variableOf(name)}\`<br>\`${flagOf(name)}\``,
      code(shownDefault(setting.fallback)),
      setting.allowed,
      setting.meaning,
    ],
  );
  return page('Settings', 'src/server/settings.ts', [
    'The command line overrides the environment, the environment overrides the settings file (`--config file.json` or `CONFIG`), and the file overrides the default. A switch alone is on; `--no-` before its name is off. The log names unsafe values at every start. A file of its own may hold a secret: `METRICS_TOKEN_FILE` names the file that holds `METRICS_TOKEN`.',
    table(['Setting', 'Variable, flag', 'Default', 'Allowed', 'Meaning'], rows),
  ]);
}

function issuesMarkdown(): string {
  const rows = Object.entries(ISSUES).map(([name, { type, http, msa, err, fate, exception, solve }]) => [
    `\`${name}\``,
    String(http),
    type,
    msa,
    err,
    fate,
    exception,
    solve,
  ]);
  return page('Refusals', 'src/fhir/issue.ts', [
    'The server answers with one of these codes when it does not do what a client asks. `OperationOutcome.issue.details.coding` holds the code. When several apply, the server answers with the first in this table. MSA-1 and ERR-3 are for HL7 v2 links that acknowledge messages; the column *A message* says what the server does with a message. *Exception* is the exception of 45 CFR 171 on which the refusal keeps information back; it stands last in `details.coding`.',
    table(
      ['Code', 'HTTP', 'Issue type', 'MSA-1', 'ERR-3', 'A message', 'Exception', 'How to solve it'],
      rows,
    ),
  ]);
}

function auditMarkdown(): string {
  const rows = Object.entries(PATTERNS).map(([event, { says, type, subtype, profile }]) => [
    `\`${event}\``,
    says,
    `${type.code} ${type.display ?? ''}`,
    `${subtype.code} ${subtype.display ?? ''}`,
    profile?.[0] ?? BEYOND_REST[event] ?? '',
  ]);
  return page('Audit events', 'src/resources/audit-patterns.ts', [
    'The server records these events. `type` and `subtype` are those of the AuditEvent; the last column is the profile of IHE BALP that an event claims when it meets all of it, with `Patient` before its name when it is about one.',
    table(['Event', 'What happened', 'Type', 'Subtype', 'BALP'], rows),
  ]);
}

const BEYOND_REST: Readonly<Record<string, string>> = {
  deliver: 'PrivacyDisclosure.Source',
  receive: 'PrivacyDisclosure.Recipient',
};

function capabilityMarkdown(): string {
  const { rest = [] } = buildCapabilityStatement(house());
  const resources = rest.flatMap(({ resource = [] }) => resource);
  const system = rest.flatMap(({ interaction = [] }) => interaction.map(({ code: name }) => name));
  const rows = resources.map((resource) => [
    `**${resource.type}**`,
    (resource.interaction ?? []).map(({ code: name }) => name).join(', '),
    (resource.searchParam ?? []).map(({ name }) => `\`${name}\``).join(' '),
    (resource.supportedProfile ?? []).join('<br>'),
  ]);
  return page('Capability', 'src/resources and src/operations', [
    `This page shows the content of \`GET [base]/metadata\`. Interactions of the whole system: ${system.join(', ')}.`,
    table(['Type', 'Interactions', 'Search parameters', 'Profiles checked when claimed'], rows),
  ]);
}

function house(): ServedHouse {
  return {
    types: RESOURCE_TYPES,
    interactions: OFFERED,
    operations: OPERATIONS,
    parametersOf: searchParameters,
    fullText: true,
    version: '',
    date: '',
    base: '',
    cors: false,
    updateCreate: false,
    issuer: { issuer: '' },
  };
}

function shownDefault(fallback: unknown): string {
  if (fallback === undefined) return '';
  if (typeof fallback === 'boolean') return fallback ? 'on' : 'off';
  return Array.isArray(fallback) ? fallback.join(',') : `${fallback as string | number}`; // the kinds that are left
}

const code = (text: string): string => (text === '' ? '–' : `\`${text}\``);

const page = (title: string, source: string, parts: readonly string[]): string =>
  [`# ${title}`, `Generated from \`${source}\` by \`npm run docs\`.`, ...parts, ''].join('\n\n').trimEnd() +
  '\n';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function write(check: boolean): number {
  mkdirSync(FOLDER, { recursive: true });
  const stale = Object.entries(PAGES).filter(([name, make]) => {
    const file = join(FOLDER, name);
    const made = make();
    if (existsSync(file) && readFileSync(file, 'utf8') === made) return false;
    if (!check) writeFileSync(file, made);
    return true;
  });
  const names = stale.map(([name]) => `docs/reference/${name}`).join(', ');
  if (stale.length > 0 && check) throw new Trouble(`not current: ${names}; run npm run docs`);
  process.stdout.write(stale.length === 0 ? 'docs/reference is current\n' : `written: ${names}\n`);
  return EXIT.done;
}

await runCommand(import.meta.filename, {
  flags: { check: { type: 'boolean', default: false } },
  run: ({ values }) => write(values.check),
});
