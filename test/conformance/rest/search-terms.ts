/** For a search parameter and a resource: a value that finds it, and one that does not. */
import type { Resource } from '../../../src/fhir/types.ts';
import type { SearchValue } from '../../../src/ports/query.ts';
import { searchParameters } from '../../../src/resources/search-parameters.ts';
import { searchValues } from '../../../src/resources/search-values.ts';
import type { Kind, ValueKind } from '../../../src/resources/search/extract.ts';

/** Undefined when the resource has no value under this parameter. */
export function hitOf(type: string, name: string, resource: Resource): string | undefined {
  if (name === '_id') return resource.id;
  if (name === '_lastUpdated') return resource.meta?.lastUpdated;
  if (name === '_content') return resource.id;
  if (name === '_filter') return `_id eq ${resource.id ?? ''}`;
  if (name === '_text' || name === '_list') return undefined;
  const value = valueOf(type, name, resource);
  const kind = kindOf(type, name);
  return value && (kind === 'composite' ? tupleOf(type, name, value) : HITS[kind](value));
}

export function missOf(type: string, name: string, resource: Resource): string {
  if (name === '_id') return 'unused';
  if (name === '_lastUpdated') return 'lt2000';
  if (name === '_content') return 'nobody';
  if (name === '_filter') return '_id eq unused';
  if (name === '_list') return 'unused';
  if (name === 'content-hash') return 'f'.repeat(64);
  const low = valueOf(type, name, resource)?.low;
  if (low === 'true' || low === 'false') return String(low === 'false');
  const components = searchParameters(type).get(name)?.components;
  if (components !== undefined) return components.map(({ kind }) => MISSES[kind]).join('$');
  return MISSES[kindOf(type, name)];
}

const escape = (text: string | number): string => String(text).replaceAll(/[\\,|$]/g, (mark) => `\\${mark}`);
const instant = (ms: string | number): string => new Date(Number(ms)).toISOString();

/** The first value of every component. */
function tupleOf(type: string, name: string, { high }: SearchValue): string {
  const parts = JSON.parse(String(high)) as [suffix: string, low: string | number, high: string | number][][];
  const components = searchParameters(type).get(name)?.components ?? [];
  return components
    .map(({ kind }, at) => {
      const part = parts[at]?.find(([suffix]) => suffix === '');
      return kind === 'composite' || part === undefined
        ? ''
        : HITS[kind]({ param: '', low: part[1], high: part[2] });
    })
    .join('$');
}

const HITS: Readonly<Record<ValueKind, (value: SearchValue) => string>> = {
  token: ({ low, high }) => (high === '' ? escape(low) : `${escape(high)}|${escape(low)}`),
  string: ({ high }) => escape(high),
  reference: ({ low }) => escape(low),
  uri: ({ low }) => escape(low),
  date: ({ low }) => `ge${instant(low)}`,
  number: ({ low, high }) => (low === high ? String(low) : `ge${low}`),
  quantity: ({ low, high }) => (low === high ? String(low) : `ge${low}`),
  near: ({ low, high }) => `${low}|${high}|1|km`,
};

/** No interval lies within these three days of the past. */
const MISSES: Readonly<Record<Kind, string>> = {
  token: 'nobody-has-this',
  string: 'nobody is called this',
  reference: 'Basic/unused',
  uri: 'http://nobody.example/has-this',
  date: '1801-02-03',
  number: '98765.4321',
  quantity: '98765.4321',
  composite: 'nobody-has-this$2',
  near: '-89.5|0|1|m',
};

const kindOf = (type: string, name: string): Kind => searchParameters(type).get(name)?.kind ?? 'token';

const valueOf = (type: string, name: string, resource: Resource): SearchValue | undefined =>
  searchValues(resource, type).find(({ param }) => param === name);
