/** Pages of sign-in, consent and account: what a person typed is never markup, and a policy says where forms lead. */
import { describe, expect, test } from '@jest/globals';
import { readPageFiles } from '../../../../src/http/auth/pages/files.ts';
import { contentSecurityPolicy, pageHeaders } from '../../../../src/http/auth/pages/headers.ts';
import { html } from '../../../../src/http/auth/pages/html.ts';
import { form, FORM_TOKEN, renderPage } from '../../../../src/http/auth/pages/layout.ts';
import { qrModules } from '../../../../src/http/auth/pages/qr.ts';
import { PAGES } from '../../../page-views.ts';

const files = readPageFiles('/auth');

describe('HTML by templates', () => {
  const hostile = `<script>alert("1")</script>&'`;

  test('what is put in is escaped, between tags and in attributes', () => {
    const made = html`<p title="${hostile}">${hostile}</p>`.toString();
    expect(made).toBe(
      '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;">' +
        '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;</p>',
    );
  });

  test('what a template made is not escaped again, lists are joined, and absent values leave nothing', () => {
    const items = ['a', '<b>'].map((one) => html`<li>${one}</li>`);
    expect(html`<p>${items}${undefined}${false}${0}</p>`.toString()).toBe(
      '<p><li>a</li><li>&lt;b&gt;</li>0</p>',
    );
  });

  test('an object that looks like HTML is none', () => {
    const forged = { toString: () => '<script>' } as unknown as string;
    expect(() => html`${forged}`.toString()).toThrow(TypeError);
  });
});

describe('pages', () => {
  const texts = Object.entries(PAGES).map(
    ([name, page]) => [name, renderPage(page, files.addresses)] as const,
  );

  test.each(texts)('%s has no script and no style of its own (smart 3)', (_name, text) => {
    expect(text).not.toMatch(/ style=|<style| on\w+=|javascript:/i);
    expect(
      [...text.matchAll(/<script([^>]*)>/g)].every(([, said]) => said?.includes(files.addresses.script)),
    ).toBe(true);
  });

  test.each(texts)('each form of %s is posted with its token', (_name, text) => {
    const forms = [...text.matchAll(/<form\b[\s\S]*?<\/form>/g)].map(([one]) => one);
    expect(forms.every((one) => one.includes('method="post"') && one.includes(`name="${FORM_TOKEN}"`))).toBe(
      true,
    );
  });

  test('only the pages that ask for passkeys or passwords load the script', () => {
    const scripted = texts.filter(([, text]) => text.includes('<script')).map(([name]) => name);
    expect(scripted).toEqual(['login', 'login, refused', 'unlock', 'enrol']);
  });

  test('the name of an app is never markup', () => {
    const [, text = ''] = texts.find(([name]) => name === 'login') ?? [];
    expect(text).toContain('Growth &lt;Chart&gt;');
  });

  test('the files have addresses that change with what they hold', () => {
    const address = new URL(files.addresses.style, 'https://one.example');
    expect(files.find('/pages/style.css')?.bytes.length).toBeGreaterThan(1000);
    expect(address.searchParams.get('v')).toMatch(/^[\w-]{16}$/);
    expect(files.find('/pages/../secrets')).toBeUndefined();
  });

  test('a form says what it is for', () => {
    expect(form({ action: '/a', token: 't' }, html``, 'Sign in').toString()).toContain(
      'aria-label="Sign in"',
    );
  });
});

describe('the policy of a page (smart 3)', () => {
  test.each([
    [undefined, "form-action 'self'"],
    ['https://app.example/cb?x=1', "form-action 'self' https://app.example"],
    ['http://127.0.0.1:4000/cb', "form-action 'self' http://127.0.0.1:4000"],
    ['org.example.app:/cb', "form-action 'self' org.example.app:"],
    ["https://app.example/'; script-src *", "form-action 'self' https://app.example"],
    ['nothing', "form-action 'self'"],
  ])('a form that leads to %s may be followed there alone', (leadsTo, said) => {
    expect(contentSecurityPolicy({ leadsTo }).split('; ').at(-1)).toBe(said);
  });

  test.each([
    [[], "frame-ancestors 'none'"],
    [['https://ehr.example'], 'frame-ancestors https://ehr.example'],
    [["*; script-src 'unsafe-inline'"], "frame-ancestors 'none'"],
  ])('frames of %j', (frames, said) => {
    expect(contentSecurityPolicy({ frames })).toContain(`; ${said};`);
  });

  test('a page stands in no frame that is not registered', () => {
    expect(pageHeaders({})['X-Frame-Options']).toBe('DENY');
    expect(pageHeaders({ frames: ['https://ehr.example'] })['X-Frame-Options']).toBeUndefined();
  });
});

describe('QR codes (identity ID-31)', () => {
  test.each([
    [14, 21],
    [15, 25],
    [84, 37],
    [122, 45],
    [180, 53],
    [213, 57],
  ])('%i bytes take %i modules', (length, size) => {
    const modules = qrModules('x'.repeat(length));
    expect(modules.length).toBe(size);
    expect(modules.every((row) => row.length === size)).toBe(true);
  });

  test('a code is the one that another reader has read', () => {
    const drawn = qrModules('otpauth://totp/A').map((row) => row.map((dark) => (dark ? '#' : '.')).join(''));
    expect(drawn).toEqual(READ_BY_JSQR);
  });

  test('more than fits is refused', () => {
    expect(() => qrModules('x'.repeat(214))).toThrow(RangeError);
  });
});

/** Of jsQR 1.4.0, which read it and the codes of all versions. */
const READ_BY_JSQR = [
  '#######...##...##.#######',
  '#.....#.....#.....#.....#',
  '#.###.#.#.##..#.#.#.###.#',
  '#.###.#.#..##.....#.###.#',
  '#.###.#.####.###..#.###.#',
  '#.....#.#..#.####.#.....#',
  '#######.#.#.#.#.#.#######',
  '........#.#..#.#.........',
  '#.#####...##..##..#####..',
  '...#...####....##....#.#.',
  '.#.####........###.###.##',
  '#.##.......##.#.##.##...#',
  '#.##.##.#.#......##.#####',
  '##..##......###..#...#.#.',
  '#.#..##...#..###.##.#..##',
  '#..###..#.#.##.#..#.#..#.',
  '#.#..##.##..#.#######.##.',
  '........#.#.....#...#....',
  '#######...###...#.#.#..##',
  '#.....#.#..#..#.#...#...#',
  '#.###.#.#.##...######.#.#',
  '#.###.#.#...####.####..##',
  '#.###.#.#....##......#..#',
  '#.....#.....##..##......#',
  '#######.###.#.#..#..#####',
];
