/** For a search parameter and a resource: a value that finds it, and one that does not. */
import type { Resource } from '../../../src/fhir/types.ts';
import type { SearchValue } from '../../../src/ports/query.ts';
import { searchParameters } from '../../../src/resources/search-parameters.ts';
import { searchValues } from '../../../src/resources/search-values.ts';
import type { Kind } from '../../../src/resources/search/extract.ts';

/** Undefined when the resource has no value under this parameter. */
export function hitOf(type: string, name: string, resource: Resource): string | undefined {
  if (name === '_id') return resource.id;
  if (name === '_lastUpdated') return resource.meta?.lastUpdated;
  const value = valueOf(type, name, resource);
  return value && HITS[kindOf(type, name)](value);
}

export function missOf(type: string, name: string, resource: Resource): string {
  if (name === '_id') return 'unused';
  if (name === '_lastUpdated') return 'lt2000';
  const low = valueOf(type, name, resource)?.low;
  if (low === 'true' || low === 'false') return String(low === 'false');
  return MISSES[kindOf(type, name)];
}

const escape = (text: string | number): string => String(text).replaceAll(/[\\,|$]/g, (mark) => `\\${mark}`);
const instant = (ms: string | number): string => new Date(Number(ms)).toISOString();

const HITS: Readonly<Record<Kind, (value: SearchValue) => string>> = {
  token: ({ low, high }) => (high === '' ? escape(low) : `${escape(high)}|${escape(low)}`),
  string: ({ high }) => escape(high),
  reference: ({ low }) => escape(low),
  uri: ({ low }) => escape(low),
  date: ({ low }) => `ge${instant(low)}`,
  number: ({ low, high }) => (low === high ? String(low) : `ge${low}`),
};

/** No interval lies within these three days of the past. */
const MISSES: Readonly<Record<Kind, string>> = {
  token: 'nobody-has-this',
  string: 'nobody is called this',
  reference: 'Basic/unused',
  uri: 'http://nobody.example/has-this',
  date: '1801-02-03',
  number: '98765.4321',
};

const kindOf = (type: string, name: string): Kind => searchParameters(type).get(name)?.kind ?? 'token';

const valueOf = (type: string, name: string, resource: Resource): SearchValue | undefined =>
  searchValues(resource, type).find(({ param }) => param === name);
