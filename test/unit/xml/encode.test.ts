import { describe, expect, test } from '@jest/globals';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import { parseJson } from '../../../src/fhir/json.ts';
import { convertToXml } from '../../../src/xml/convert.ts';
import { decodeXml } from '../../../src/xml/decode.ts';
import { encodeXml } from '../../../src/xml/encode.ts';

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';
const xmlOf = (resource: object): string => convertToXml(JSON.stringify(resource));
const patient = (inside: string): string => `${HEAD}<Patient xmlns="http://hl7.org/fhir">${inside}</Patient>`;
const withDiv = (div: string) => ({ resourceType: 'Patient', text: { status: 'generated', div } });
const patientWith = (elements: object) => ({ resourceType: 'Patient', ...elements });
const XHTML = 'xmlns="http://www.w3.org/1999/xhtml"';

describe('what JSON says, as XML', () => {
  test.each([
    [
      'the order of the table',
      { gender: 'male', id: 'x', meta: { profile: ['p'] }, active: true },
      '<id value="x"/><meta><profile value="p"/></meta><active value="true"/><gender value="male"/>',
    ],
    [
      'an element before its extensions',
      { _birthDate: { extension: [{ valueCode: 'c', url: 'u' }] }, birthDate: '1980' },
      '<birthDate value="1980"><extension url="u"><valueCode value="c"/></extension></birthDate>',
    ],
    [
      'lists beside each other, one shorter',
      { name: [{ given: ['A'], _given: [null, { id: 'i', extension: [{ url: 'u', valueCode: 'c' }] }] }] },
      '<name><given value="A"/><given id="i"><extension url="u"><valueCode value="c"/></extension></given></name>',
    ],
    [
      'what means something in XML',
      { name: [{ family: 'a<b>&"c\'\n\t\r' }] },
      '<name><family value="a&lt;b&gt;&amp;&quot;c\'&#10;&#9;&#13;"/></name>',
    ],
    [
      'a contained resource',
      { contained: [{ resourceType: 'Basic', id: 'b' }] },
      '<contained><Basic><id value="b"/></Basic></contained>',
    ],
  ])('%s', (_what, elements, expected) => {
    expect(xmlOf({ resourceType: 'Patient', ...elements })).toBe(patient(expected));
  });

  test('the literal of a decimal', () => {
    const text = '{"resourceType":"Observation","valueQuantity":{"value":1.50}}';
    expect(convertToXml(text)).toContain('<value value="1.50"/>');
    expect(encodeXml(parseJson(text).storing)).toContain('<value value="1.50"/>');
  });

  test('an empty resource', () => {
    expect(xmlOf({ resourceType: 'Patient' })).toBe(`${HEAD}<Patient xmlns="http://hl7.org/fhir"/>`);
  });

  test('indented', () => {
    const text = JSON.stringify({
      resourceType: 'Patient',
      name: [{ family: 'F' }],
      text: withDiv(`<div ${XHTML}>a\n b</div>`).text,
    });
    expect(convertToXml(text, true)).toBe(`${HEAD}
<Patient xmlns="http://hl7.org/fhir">
  <text>
    <status value="generated"/>
    <div ${XHTML}>a\n b</div>
  </text>
  <name>
    <family value="F"/>
  </name>
</Patient>`);
  });
});

describe('the narrative', () => {
  test.each([
    ['as it is', `<div ${XHTML}><p title='x'>a<!-- b --></p></div>`, undefined],
    ['blanks around it left out', ` \n<div ${XHTML}>a</div>\n`, `<div ${XHTML}>a</div>`],
    [
      'entities of HTML by number',
      `<div ${XHTML}>a&nbsp;b &copy;&hearts;<!-- &nbsp; --><p title="&eacute;">&amp;</p></div>`,
      `<div ${XHTML}>a&#160;b &#169;&#9829;<!-- &nbsp; --><p title="&#233;">&amp;</p></div>`,
    ],
    ['line ends as XML has them', `<div ${XHTML}>a\r\nb</div>`, `<div ${XHTML}>a\nb</div>`],
  ])('%s', (_what, div, expected = div) => {
    const xml = xmlOf(withDiv(div));
    expect(xml).toBe(patient(`<text><status value="generated"/>${expected}</text>`));
    expect(decodeXml(xml).plain).toEqual(withDiv(expected));
  });
});

describe('what XML cannot say is refused', () => {
  test.each([
    ['a control character', patientWith({ name: [{ family: 'a\u0001' }] }), 'Patient.name.family'],
    ['an escape', patientWith({ name: [{ family: '\u001b[0m' }] }), 'Patient.name.family'],
    ['a form feed', patientWith({ name: [{ family: 'a\fb' }] }), 'Patient.name.family'],
    ['a character that is none', patientWith({ name: [{ family: '\uffff' }] }), 'Patient.name.family'],
    [
      'a control character in a url',
      patientWith({ extension: [{ url: 'a\u0000', valueCode: 'c' }] }),
      'Patient.extension.url',
    ],
    ['an unknown element', patientWith({ foo: 1 }), 'Patient'],
    ['an unknown resource', { resourceType: 'Foo' }, ''],
    ['a number where a text belongs', patientWith({ gender: 1 }), 'Patient.gender'],
    ['a text where a boolean belongs', patientWith({ active: 'true' }), 'Patient.active'],
    ['a text where a list belongs', patientWith({ name: 'x' }), 'Patient.name'],
    ['a list where an element belongs', patientWith({ maritalStatus: [] }), 'Patient.maritalStatus'],
    ['null in a list of structures', patientWith({ name: [null] }), 'Patient.name'],
    ['nothing beside nothing', patientWith({ name: [{ given: [null] }] }), 'Patient.name.given'],
    ['an empty text', patientWith({ gender: '' }), 'Patient.gender'],
    ['something beside a structure', patientWith({ _name: [{ id: 'x' }] }), 'Patient.name'],
    ['a narrative of no namespace', withDiv('<div>x</div>'), 'Patient.text.div'],
    ['a narrative that does not end', withDiv(`<div ${XHTML}><b>x</div>`), 'Patient.text.div'],
    ['a narrative that goes on', withDiv(`<div ${XHTML}>x</div><id value="y"/>`), 'Patient.text.div'],
    [
      'a narrative that breaks out',
      withDiv(`<div ${XHTML}>x</div></text><active value="false"/><text>`),
      'Patient.text.div',
    ],
    ['a narrative with an unknown entity', withDiv(`<div ${XHTML}>&foo;</div>`), 'Patient.text.div'],
    ['a narrative that is none', withDiv('words'), 'Patient.text.div'],
  ])('%s', (_what, resource, place) => {
    const code = refusalOf(resource);
    expect(code.code).toBe('xml-inexpressible');
    expect(code.issues[0]?.expression).toEqual([place]);
  });
});

function refusalOf(resource: object): OperationOutcomeError {
  try {
    xmlOf(resource);
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}
