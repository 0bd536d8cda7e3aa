import { expect, test } from '@jest/globals';
import { isNarrative } from '../../../../src/resources/validation/narrative.ts';

const XHTML = 'xmlns="http://www.w3.org/1999/xhtml"';

test.each([
  `<div ${XHTML}>words</div>`,
  ` <div ${XHTML}>\n<p>words</p><br/><hr />\n</div>\n`,
  `<div xmlns='http://www.w3.org/1999/xhtml' lang="en" xml:lang="en">w</div>`,
  `<div ${XHTML}><img src="data:image/png;base64,AAAA" alt="a chart"/></div>`,
  `<div ${XHTML}><!-- a comment --><b>a</b> &amp; &nbsp; &#8364; &#x20AC; b</div>`,
  `<div ${XHTML}><a href="Patient/1">x</a><a name="y">y</a><a href="https://x.example/?a=b&amp;c=d#e">z</a></div>`,
  `<div ${XHTML}><table class="grid" border="1"><tbody><tr><td colspan="2" style="color: red">x</td></tr></tbody></table></div>`,
])('accepted: %s', (xhtml) => expect(isNarrative(xhtml)).toBe(true));

test.each([
  '',
  'words',
  '<div>words</div>',
  `<p ${XHTML}>words</p>`,
  `<div xmlns="http://example.org">words</div>`,
  `<div ${XHTML}></div>`,
  `<div ${XHTML}/>`,
  `<div ${XHTML}>&amp</div>`,
  `<div ${XHTML}>words`,
  `<div ${XHTML}>words</div><div>more</div>`,
  `<div ${XHTML}>words</div>more`,
  `more<div ${XHTML}>words</div>`,
  `<!DOCTYPE div><div ${XHTML}>words</div>`,
  `<div ${XHTML}><a href="jav&#09;ascript:x()">x</a></div>`,
  `<div ${XHTML}><a href="java\nscript:x()">x</a></div>`,
  `<div ${XHTML}><a href="data:text/html,x">x</a></div>`,
  `<div ${XHTML}><p style="width: expression(x())">x</p></div>`,
  `<div ${XHTML}><object>x</object></div>`,
  `<div ${XHTML}><svg onload="x()"></svg>x</div>`,
  `<div ${XHTML}><!-- not closed</div>`,
  `<div ${XHTML}><!-- a -- b -->words</div>`,
  `<div ${XHTML}>a ]]> b</div>`,
  `<div ${XHTML}>a\u0001b</div>`,
  `<div ${XHTML}><p title="a" title="b">words</p></div>`,
])('refused: %s', (xhtml) => expect(isNarrative(xhtml)).toBe(false));
