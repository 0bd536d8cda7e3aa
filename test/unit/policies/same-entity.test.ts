/** Whether two organizations are one legal entity, from the links that administrators confirmed. */
import { expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import { isSameEntity, type EntityLink } from '../../../src/policies/same-entity.ts';

const ref = (name: string): Ref => `Organization/${name}`;

/** `a>b` is a confirmed link from a to b, `a-b` one that nobody has confirmed. */
function linksOf(text: string): ReadonlyMap<Ref, EntityLink> {
  const links = text.split(' ').filter(Boolean);
  return new Map(
    links.map((link) => {
      const [from = '', to = ''] = link.split(/[->]/);
      return [ref(from), { above: ref(to), confirmed: link.includes('>') }];
    }),
  );
}

// prettier-ignore
const CASES: readonly (readonly [says: string, links: string, same: boolean])[] = [
  ['two strangers',                              '',                              false],
  ['a location and what it is part of',          'a>b',                           true],
  ['the other way round',                        'b>a',                           true],
  ['two locations of one',                       'a>h b>h',                       true],
  ['two departments that meet far above',        'a>x x>h b>y y>h',               true],
  ['a link that nobody confirmed',               'a-b',                           false],
  ['one of two links not confirmed',             'a>h b-h',                       false],
  ['a link above where they meet, not confirmed', 'a>h b>h h-z',                  true],
  ['a link on the way, not confirmed',           'a>x x-h b>h',                   false],
  ['two entities',                               'a>h b>g',                       false],
  ['five links',                                 'a>1 1>2 2>3 3>4 4>b',           true],
  ['six links',                                  'a>1 1>2 2>3 3>4 4>5 5>b',       false],
  ['a chain that leads back to itself',          'a>b b>a',                       false],
  ['a part of itself',                           'a>a b>a',                       false],
  ['a circle above',                             'a>x x>y y>x b>x',               false],
  ['a circle that nobody confirmed',             'a>b b-a',                       true],
];

test.each(CASES)('(compliance D2) (harmony Z13) %s', (_says, links, same) => {
  expect(isSameEntity(ref('a'), ref('b'), linksOf(links))).toBe(same);
  expect(isSameEntity(ref('b'), ref('a'), linksOf(links))).toBe(same);
});
