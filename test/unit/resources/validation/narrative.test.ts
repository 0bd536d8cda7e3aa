import { describe, expect, test } from '@jest/globals';
import { faultOfNarrative } from '../../../../src/resources/validation/narrative.ts';
import { textOfNarrative } from '../../../../src/resources/search/narrative.ts';

const XHTML = 'xmlns="http://www.w3.org/1999/xhtml"';
const div = (inside: string): string => `<div ${XHTML}>${inside}</div>`;

test.each([
  `<div ${XHTML}>words</div>`,
  ` <div ${XHTML}>\n<p>words</p><br/><hr />\n</div>\n`,
  `<div xmlns='http://www.w3.org/1999/xhtml' lang="en" xml:lang="en">w</div>`,
  `<div ${XHTML}><img src="data:image/png;base64,AAAA" alt="a chart"/></div>`,
  `<div ${XHTML}><!-- a comment --><b>a</b> &amp; &nbsp; &#8364; &#x20AC; b</div>`,
  `<div ${XHTML}><a href="Patient/1">x</a><a name="y">y</a><a href="https://x.example/?a=b&amp;c=d#e">z</a></div>`,
  `<div ${XHTML}><table class="grid" border="1"><tbody><tr><td colspan="2" style="color: red">x</td></tr></tbody></table></div>`,
  `<div ${XHTML} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">w</div>`,
])('accepted: %s', (xhtml) => expect(faultOfNarrative(xhtml)).toBeUndefined());

/** What the schema allows, one row for each thing that is easily left out. */
test.each([
  '<a href="https://x.org/" charset="utf-8" hreflang="en" rel="noopener" rev="made" type="text/html">x</a>',
  '<a name="n" shape="circle" coords="1,2,3" accesskey="x" tabindex="1">x</a>',
  ...[
    'sms:+1',
    'fax:+1',
    'tel:+1',
    'geo:1,2',
    'sip:a@b',
    'ftp://x/',
    'x-epic:1',
    '#a',
    '../a?b:c',
    'a:b',
  ].map((href) => `<a href="${href}">x</a>`),
  '<a href="data:application/pdf;base64,AAAA">x</a>',
  '<p style="font-family: FacialExpression">x</p>',
  '<p style="font-family: &quot;Segoe UI&quot;, sans-serif">x</p>',
  '<p style="background-image: url(tbl_bck1.png)">x</p>',
  '<p style="background: url(https://x.example/t.gif); width: expression(1)">x</p>',
  '<p title="caf&eacute; &lt;1 &amp; &#233; &apos;">x</p>',
  '<img src="data:image/svg+xml;base64,AAAA" alt="x" longdesc="d" height="1" width="50%" usemap="#m" ismap="ismap"/>',
  '<map id="m" name="m"><area shape="rect" coords="1,2" nohref="nohref" alt="x"/></map>x',
  '<pre xml:space="preserve">x</pre>',
  '<blockquote cite="https://x.example"><p>x</p></blockquote><q cite="x">y</q><bdo dir="rtl">z</bdo>',
  '<table summary="s" width="1" frame="box" rules="all" cellspacing="0" cellpadding="0"><caption>c</caption>' +
    '<colgroup span="1" width="1*"><col align="char" char="." charoff="1" valign="top"/></colgroup><thead valign="top">' +
    '<tr align="left"><th abbr="a" axis="b" scope="col" headers="h" rowspan="1">x</th></tr></thead></table>',
  '<dl><dt>x</dt><dd>y</dd></dl><tt>a</tt><big>b</big><small>c</small><acronym>d</acronym><var>e</var>',
  '<![CDATA[x < y & z]]>',
])('legal: %s', (inside) => expect(faultOfNarrative(div(inside))).toBeUndefined());

describe('refused, and said why', () => {
  test.each([
    ['', 'begins with no div'],
    ['words', 'begins with no div'],
    ['<div>words</div>', 'begins with no div'],
    [`<p ${XHTML}>words</p>`, 'begins with no div'],
    [`<div xmlns="http://example.org">words</div>`, 'div may not have the attribute xmlns'],
    [`<div ${XHTML}></div>`, 'no content'],
    [`<div ${XHTML}/>`, 'no content'],
    [`<div ${XHTML}>words</div><div>more</div>`, 'goes on after its div'],
    [`<div ${XHTML}>words</div>more`, 'goes on after its div'],
    [`more<div ${XHTML}>words</div>`, 'begins with no div'],
    [`<!DOCTYPE div><div ${XHTML}>words</div>`, 'begins with no div'],
    [`<div ${XHTML}>words`, 'not well-formed XHTML'],
  ])('%s', (xhtml, says) => expect(faultOfNarrative(xhtml)).toContain(says));

  test.each([
    ['<script>x()</script>', 'the element script'],
    ['<object>x</object>', 'the element object'],
    ['<svg onload="x()"></svg>x', 'the element svg'],
    ['<form action="x">x</form>', 'the element form'],
    ['<iframe src="x"></iframe>x', 'the element iframe'],
    ['<style>p { }</style>x', 'the element style'],
    ['<P>x</P>', 'the element P'],
    ['<ins>x</ins>', 'the element ins'],
    ['<font>x</font>', 'the element font'],
    ['<Marie.Curie>x</Marie.Curie>', 'an element of this name'],
    ['<p onclick="x()">x</p>', 'p may not have the attribute onclick'],
    ['<img src="x" onerror="x()"/>', 'img may not have the attribute onerror'],
    ['<td nowrap="nowrap">x</td>', 'td may not have the attribute nowrap'],
    ['<br dir="ltr"/>x', 'br may not have the attribute dir'],
    ['<p xmlns="http://www.w3.org/2000/svg">x</p>', 'p may not have the attribute xmlns'],
    ...[
      'javascript:x()',
      'JavaScript:x()',
      ' javascript:x()',
      'jav&#09;ascript:x()',
      'java\nscript:x()',
      '&#106;avascript:x()',
      '&#x6A;avascript&#58;x()',
      '&zwj;javascript:x()',
      'vbscript:x',
      'data:text/html,x',
      'data:text/html;base64,x',
      'data:,x',
      'data:image/svg+xml,x',
    ].map((href) => [`<a href="${href}">x</a>`, 'the address in the href of a'] as const),
    ['<img src="javascript:x()" alt="x"/>', 'the address in the src of img'],
    ['<blockquote cite="javascript:x()">x</blockquote>', 'the address in the cite of blockquote'],
    ['<map id="m"><area href="javascript:x()" alt="x"/></map>x', 'the address in the href of area'],
    ['&amp', 'not well-formed XHTML'],
    ['a & b', 'not well-formed XHTML'],
    ['&nosuch;', 'not well-formed XHTML'],
    ['<p title="&nosuch;">x</p>', 'not well-formed XHTML'],
    ['&#0;', 'not well-formed XHTML'],
    ['&#xD800;', 'not well-formed XHTML'],
    ['<!-- not closed', 'not well-formed XHTML'],
    ['<!-- a -- b -->words', 'not well-formed XHTML'],
    ['a ]]> b', 'not well-formed XHTML'],
    ['a\u0001b', 'a character that XML forbids'],
    ['<p title="a" title="b">words</p>', 'not well-formed XHTML'],
    ['<?x?>x', 'not well-formed XHTML'],
  ])('%s', (inside, says) => expect(faultOfNarrative(div(inside))).toContain(says));
});

test('the text of a CDATA section is text', () => {
  expect(textOfNarrative(div('<b>a</b><![CDATA[x < y & z]]> b'))).toContain('ax < y & z b');
});
