/** The settings and tables of rules whose changes are on record (audit-compliance AU61), of what this server runs with. */
import { ISSUES } from '../fhir/issue.ts';
import { policyPart, type PolicyParts } from '../operations/policy-record.ts';
import { BASES } from '../policies/basis.ts';
import { CONSENT_STATEMENTS } from '../policies/consent/forms.ts';
import { CONSENT_KINDS } from '../policies/consent/kinds.ts';
import { EMERGENCY_REASONS } from '../policies/emergency.ts';
import { EXCEPTIONS } from '../policies/exception.ts';
import { POLICIES } from '../policies/index.ts';
import { SENSITIVITY } from '../policies/labels/sensitivity.ts';
import { NOTICE_PLACES } from '../policies/part2/places.ts';
import { PARTY_KINDS } from '../policies/party-kind.ts';
import { PAYLOADS } from '../policies/payload/index.ts';
import type { Config } from './config.ts';
import { SETTINGS } from './settings.ts';

const TABLES: Readonly<Record<string, unknown>> = {
  bases: BASES,
  'consent kinds': CONSENT_KINDS,
  'consent statements': CONSENT_STATEMENTS,
  'emergency reasons': EMERGENCY_REASONS,
  exceptions: EXCEPTIONS,
  labels: SENSITIVITY,
  'notice places': NOTICE_PLACES,
  'party kinds': PARTY_KINDS,
  payloads: PAYLOADS,
  policies: POLICIES.map(({ name, basis }) => [name, basis]),
  refusals: ISSUES,
};

/** Where a node listens and keeps its files differs from node to node, and says nothing of the rules. */
const OF_ONE_NODE: ReadonlySet<string> = new Set([
  'host',
  'port',
  'dataDir',
  'anchorFile',
  'tlsCert',
  'tlsKey',
  'tlsCa',
  'keyFile',
  'logLevel',
]);

export function policyPartsOf(config: Config): PolicyParts {
  const settings = Object.entries(SETTINGS)
    .filter(([name]) => !OF_ONE_NODE.has(name))
    .map(([name, { secret }]) => {
      const value = config[name as keyof typeof SETTINGS]; // a name of the table
      return [`setting ${name}`, policyPart(value, secret !== true)] as const;
    });
  const tables = Object.entries(TABLES).map(
    ([name, table]) => [`table ${name}`, policyPart(plain(table), false)] as const,
  );
  return Object.fromEntries([...settings, ...tables]);
}

/** Sets, maps and patterns by what they hold: as JSON alone they would all be alike. */
function plain(value: unknown): unknown {
  if (value instanceof Set) return [...value].map(plain);
  if (value instanceof Map) return [...value].map(plain);
  if (value instanceof RegExp || typeof value === 'function') return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}
