import { describe, expect, test } from '@jest/globals';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import { encodeJson } from '../../../src/fhir/json.ts';
import { decodeXml } from '../../../src/xml/decode.ts';

const NS = 'xmlns="http://hl7.org/fhir"';
const XHTML = 'xmlns="http://www.w3.org/1999/xhtml"';
const patient = (inside: string): string => `<Patient ${NS}>${inside}</Patient>`;
const div = (inside: string): string =>
  patient(`<text><status value="generated"/><div ${XHTML}>${inside}</div></text>`);

const json = (xml: string): string => encodeJson(decodeXml(xml).storing);

describe('what XML says, as JSON', () => {
  test.each([
    [
      'types of primitives',
      '<active value="true"/><multipleBirthInteger value="2"/>',
      '"active":true,"multipleBirthInteger":2',
    ],
    ['a list of one', '<name><given value="A"/></name>', '"name":[{"given":["A"]}]'],
    [
      'a primitive with an id and an extension',
      '<birthDate id="b" value="1980"><extension url="u"><valueCode value="c"/></extension></birthDate>',
      '"birthDate":"1980","_birthDate":{"id":"b","extension":[{"url":"u","valueCode":"c"}]}',
    ],
    [
      'a primitive without a value',
      '<gender><extension url="u"><valueCode value="c"/></extension></gender>',
      '"_gender":{"extension":[{"url":"u","valueCode":"c"}]}',
    ],
    [
      'lists in which some have no value',
      '<name><given><extension url="u"><valueCode value="c"/></extension></given><given value="B"/></name>',
      '"name":[{"given":[null,"B"],"_given":[{"extension":[{"url":"u","valueCode":"c"}]},null]}]',
    ],
    [
      'lists in which none has a value',
      '<name><given><extension url="u"><valueCode value="c"/></extension></given></name>',
      '"name":[{"_given":[{"extension":[{"url":"u","valueCode":"c"}]}]}]',
    ],
    ['an id of an element', '<name id="n"><family value="F"/></name>', '"name":[{"id":"n","family":"F"}]'],
    [
      'a contained resource',
      '<contained><Basic><id value="b"/></Basic></contained>',
      '"contained":[{"resourceType":"Basic","id":"b"}]',
    ],
    [
      'references to characters',
      '<name><family value="&lt;&#x1F600;&#10;&amp;"/></name>',
      '"name":[{"family":"<😀\\n&"}]',
    ],
    [
      'blanks in attributes as spaces',
      '<name><family value="a\n\tb\r\nc"/></name>',
      '"name":[{"family":"a  b c"}]',
    ],
    [
      'single quotes, blanks, comments',
      "<!-- c --><active\n value = 'true' ></active><!-- > -->",
      '"active":true',
    ],
  ])('%s', (_what, inside, expected) => {
    expect(json(patient(inside))).toBe(`{"resourceType":"Patient",${expected}}`);
  });

  test.each(['1.50', '1E2', '1e-10', '-0', '0.10', '100000000000000000000.001', '7'])(
    'the decimal %s keeps its literal',
    (literal) => {
      const xml = `<Observation ${NS}><valueQuantity><value value="${literal}"/></valueQuantity></Observation>`;
      expect(json(xml)).toBe(`{"resourceType":"Observation","valueQuantity":{"value":${literal}}}`);
      expect(decodeXml(xml).plain).toEqual({
        resourceType: 'Observation',
        valueQuantity: { value: Number(literal) },
      });
    },
  );

  test('a declaration, prefixes and namespaces declared anywhere', () => {
    const xml = `<?xml version='1.0' encoding="UTF-8" standalone="yes"?>
<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:unused="urn:x"><active ${NS} value="true"/></f:Patient>
<!-- the end -->`;
    expect(json(xml)).toBe('{"resourceType":"Patient","active":true}');
  });

  test('resources in entries, parameters and outcomes', () => {
    const xml = `<Bundle ${NS}><type value="batch-response"/><entry><resource><Parameters><parameter><name value="p"/><resource><Basic/></resource></parameter></Parameters></resource><response><status value="200"/><outcome><OperationOutcome/></outcome></response></entry></Bundle>`;
    expect(json(xml)).toBe(
      '{"resourceType":"Bundle","type":"batch-response","entry":[{"resource":{"resourceType":"Parameters","parameter":[{"name":"p","resource":{"resourceType":"Basic"}}]},"response":{"status":"200","outcome":{"resourceType":"OperationOutcome"}}}]}',
    );
  });
});

const divOf = (xml: string): unknown =>
  (decodeXml(xml).plain as unknown as { text: { div: string } }).text.div; // as the tests send it

describe('the narrative', () => {
  test.each([
    '<p>a &lt; b &#160; &#xA0;</p>',
    '<!-- kept, & so --><br/>',
    "<a href='#x' title=\"'\">x</a>\n  y",
    '<p xml:lang="de">x</p>',
  ])('%s is kept as it was written', (inside) => {
    expect(divOf(div(inside))).toBe(`<div ${XHTML}>${inside}</div>`);
  });

  test.each([
    [
      'prefixes are resolved',
      `<h:div xmlns:h="http://www.w3.org/1999/xhtml" class="c">a<h:b>c</h:b><h:br/></h:div>`,
      `<div ${XHTML} class="c">a<b>c</b><br/></div>`,
    ],
    [
      'CDATA becomes text',
      `<div ${XHTML}><![CDATA[a < b & c]]></div>`,
      `<div ${XHTML}>a &lt; b &amp; c</div>`,
    ],
  ])('%s', (_what, source, expected) => {
    expect(divOf(patient(`<text><status value="generated"/>${source}</text>`))).toBe(expected);
  });
});

const CONTENT = 'structure-invalid';
const FORM = 'xml-invalid';

describe('refused, with the place', () => {
  test.each([
    // — elements
    [
      'an unknown element',
      patient('<foo/>'),
      CONTENT,
      'At Patient (line 1, column 44): the element foo is unknown',
    ],
    ['an element of another type', patient('<intent value="order"/>'), CONTENT, 'intent is unknown'],
    [
      'an unknown attribute',
      patient('<active value="true" foo="1"/>'),
      CONTENT,
      'the attribute foo is unknown',
    ],
    [
      'schemaLocation',
      `<Patient ${NS} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"/>`,
      CONTENT,
      'attribute',
    ],
    ['a name that may be a patient', patient('<Müller/>'), FORM, 'Patient'],
    [
      'elements in another order',
      patient('<gender value="male"/><active value="true"/>'),
      FORM,
      'active must stand before gender',
    ],
    [
      'a list that is interrupted',
      patient('<name><text value="a"/></name><gender value="male"/><name><text value="b"/></name>'),
      FORM,
      'name must stand before gender',
    ],
    ['an element twice', patient('<active value="true"/><active value="false"/>'), CONTENT, 'once'],
    [
      'two types of a choice',
      patient('<deceasedBoolean value="true"/><deceasedDateTime value="2020"/>'),
      CONTENT,
      'one type',
    ],
    [
      'an inherited element behind',
      patient('<active value="true"/><id value="x"/>'),
      FORM,
      'id must stand before active',
    ],
    ['an unknown resource', `<Foo ${NS}/>`, FORM, 'Foo is not a resource'],
    ['an abstract resource', `<DomainResource ${NS}/>`, FORM, 'not a resource'],
    ['a datatype', `<HumanName ${NS}/>`, FORM, 'not a resource'],
    ['a text between elements', patient('words'), FORM, 'text may not stand'],
    ['a value as text', patient('<active>true</active>'), FORM, 'text may not stand'],
    ['a reference as text', patient('&#120;'), FORM, 'text may not stand'],
    ['CDATA between elements', patient('<![CDATA[ ]]>'), FORM, 'text may not stand'],
    ['an element without anything', patient('<active/>'), FORM, 'never empty'],
    ['a structure without anything', patient('<name/>'), FORM, 'never empty'],
    ['a structure of blanks', patient('<name>  </name>'), FORM, 'never empty'],
    ['an attribute without anything', patient('<gender value=""/>'), FORM, 'never empty'],
    ['an attribute of blanks', patient('<gender value=" "/>'), FORM, 'never empty'],
    ['a value on a structure', patient('<name value="x"/>'), CONTENT, 'the attribute value is unknown'],
    [
      'a child of a primitive',
      patient('<active value="true"><text value="x"/></active>'),
      CONTENT,
      'text is unknown',
    ],
    ['an id as an element', patient('<name><id value="x"/></name>'), CONTENT, 'id is unknown'],
    ['a url as an element', patient('<extension><url value="x"/></extension>'), CONTENT, 'url is unknown'],
    ['two contained in one', patient('<contained><Basic/><Basic/></contained>'), FORM, 'only one resource'],
    ['none contained', patient('<contained/>'), FORM, 'a resource is expected'],
    ['a second root', `${patient('')}${patient('')}`, FORM, 'second element'],
    [
      'an inner structure of another type',
      patient('<contact><input/></contact>'),
      CONTENT,
      'input is unknown',
    ],
    // — values
    [
      'yes as boolean',
      patient('<active value="yes"/>'),
      CONTENT,
      'At Patient.active (line 1, column 59): the value is not of type boolean',
    ],
    ['1 as boolean', patient('<active value="1"/>'), CONTENT, 'not of type boolean'],
    ['words as integer', patient('<multipleBirthInteger value="two"/>'), CONTENT, 'not of type integer'],
    [
      'a plus before an integer',
      patient('<multipleBirthInteger value="+2"/>'),
      CONTENT,
      'not of type integer',
    ],
    ['a leading zero', patient('<multipleBirthInteger value="02"/>'), CONTENT, 'not of type integer'],
    [
      'NaN',
      `<Observation ${NS}><valueQuantity><value value="NaN"/></valueQuantity></Observation>`,
      CONTENT,
      'not of type decimal',
    ],
    [
      'an empty fraction',
      `<Observation ${NS}><valueQuantity><value value="1."/></valueQuantity></Observation>`,
      CONTENT,
      'not of type decimal',
    ],
    // — namespaces
    ['no namespace', '<Patient/>', FORM, 'must be of the namespace http://hl7.org/fhir'],
    ['another namespace', '<Patient xmlns="urn:hl7-org:v3"/>', FORM, 'must be of the namespace'],
    [
      'another namespace inside',
      patient('<active xmlns="urn:x" value="true"/>'),
      FORM,
      'must be of the namespace',
    ],
    ['a namespace taken away', patient('<active xmlns="" value="true"/>'), FORM, 'must be of the namespace'],
    ['an undeclared prefix', '<f:Patient/>', FORM, 'prefix is not declared'],
    [
      'a prefix declared beside',
      patient('<f:active xmlns:f="http://hl7.org/fhir" value="true"/><f:gender value="male"/>'),
      FORM,
      'prefix is not declared',
    ],
    [
      'a div of FHIR',
      patient('<text><status value="generated"/><div>x</div></text>'),
      FORM,
      'namespace http://www.w3.org/1999/xhtml',
    ],
    ['FHIR inside a narrative', div(`<p ${NS}>x</p>`), FORM, 'XHTML alone'],
    [
      'an attribute of another namespace in a narrative',
      div('<p xmlns:x="urn:x" x:y="1">x</p>'),
      FORM,
      'other namespaces',
    ],
    // — well-formedness
    ['nothing', '', FORM, 'there is no element'],
    ['words', 'words', FORM, 'text may not stand'],
    ['JSON', '{"resourceType":"Patient"}', FORM, 'text may not stand'],
    ['an end too early', `<Patient ${NS}>`, FORM, 'the text ends'],
    ['an end in a tag', `<Patient ${NS}`, FORM, ''],
    ['an end in a value', `<Patient xmlns="http`, FORM, 'does not end'],
    ['another closing tag', `<Patient ${NS}></Basic>`, FORM, 'fits no opening'],
    ['a closing tag too many', `${patient('')}</Patient>`, FORM, 'fits no opening'],
    ['tags that cross in a narrative', div('<b><i>x</b></i>'), FORM, 'fits no opening'],
    ['an attribute twice', patient('<active value="true" value="true"/>'), FORM, 'twice'],
    ['an attribute without quotes', patient('<active value=true/>'), FORM, 'in quotes'],
    ['an attribute without a value', patient('<active value/>'), FORM, 'needs a value'],
    ['attributes without a blank', patient('<active id="a"value="true"/>'), FORM, 'blank'],
    ['a tag in a value', patient('<name><family value="a<b"/></name>'), FORM, '<'],
    ['a bare ampersand', patient('<name><family value="a & b"/></name>'), FORM, 'ampersand'],
    ['an entity of HTML', div('a&nbsp;b'), FORM, 'ampersand'],
    ['a reference to NUL', patient('<name><family value="a&#0;"/></name>'), FORM, 'ampersand'],
    [
      'a reference to a control character',
      patient('<name><family value="&#x1b;"/></name>'),
      FORM,
      'ampersand',
    ],
    ['a reference to half a pair', patient('<name><family value="&#xD83D;"/></name>'), FORM, 'ampersand'],
    ['a reference beyond Unicode', patient('<name><family value="&#x110000;"/></name>'), FORM, 'ampersand'],
    ['a control character', patient('<name><family value="a\u0001"/></name>'), FORM, 'line 1'],
    ['NUL', patient('\u0000'), FORM, 'may not stand in XML'],
    ['two hyphens in a comment', patient('<!-- a -- b -->'), FORM, 'comment'],
    ['a comment that does not end', patient('<!-- '), FORM, 'comment'],
    ['the end of CDATA in a narrative', div('a ]]> b'), FORM, ']]>'],
    [
      'a blank before the declaration',
      ` <?xml version="1.0"?>${patient('')}`,
      FORM,
      'processing instructions',
    ],
    ['XML 1.1', `<?xml version="1.1"?>${patient('')}`, FORM, 'processing instructions'],
    ['a stylesheet', `<?xml-stylesheet href="http://evil/"?>${patient('')}`, FORM, 'processing instructions'],
    ['an instruction inside', patient('<?php x ?>'), FORM, 'processing instructions'],
  ])('%s', (_what, xml, code, says) => {
    const refusal = refusalOf(xml);
    expect(refusal.code).toBe(code);
    expect(refusal.issues[0]?.diagnostics).toContain(says);
    expect(refusal.issues[0]?.diagnostics).not.toMatch(/Müller|evil|words|yes/);
  });

  test('line and column', () => {
    const xml = `<?xml version="1.0"?>\r\n<Patient ${NS}>\r\n  <active value="true"/>\n  <nope/>\n</Patient>`;
    expect(refusalOf(xml).issues[0]?.diagnostics).toContain('line 4, column 10');
  });
});

function refusalOf(xml: string): OperationOutcomeError {
  try {
    decodeXml(xml);
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}
