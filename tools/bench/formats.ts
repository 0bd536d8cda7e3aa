/** FHIR XML: a referral written and read, beside the codec of the package fhir in the same process, in turns. */
import { Fhir } from 'fhir-xml-codec';
import { encodeJson, JSON_LIMITS } from '../../src/fhir/json.ts';
import { convertToXml } from '../../src/xml/convert.ts';
import { readXml } from '../../src/xml/read.ts';
import { atLeast, median, showNumber, type Figure, type Options } from './figure.ts';
import { caseOf, serviceRequest } from './resources.ts';

const ROUNDS = 3;
/** Runs between two looks at the clock. */
const BATCH = 20;

export async function measureFormats({ seconds }: Options): Promise<readonly Figure[]> {
  const theirs = new Fhir();
  const resource = serviceRequest(caseOf(1), 'r1');
  const json = encodeJson(resource);
  const xml = convertToXml(json);
  const bytes = Buffer.from(xml);
  const span = (seconds * 1000) / ROUNDS / 2;
  const written = await compare(
    span,
    () => convertToXml(json),
    () => theirs.jsonToXml(json),
  );
  const read = await compare(
    span,
    () => readXml(bytes, JSON_LIMITS),
    () => theirs.xmlToJson(xml),
  );
  return [
    {
      name: 'a ServiceRequest from its stored text to XML, of the codec of the package fhir',
      value: written.ratio,
      unit: '×',
      target: atLeast(3),
      note: `${showNumber(written.ours)}/s against ${showNumber(written.theirs)}/s in one thread; ${bytes.length} bytes`,
    },
    {
      name: 'a ServiceRequest from XML to its trees, judged by libxml2 as well, of that codec',
      value: read.ratio,
      unit: '×',
      target: atLeast(1.5),
      note: `${showNumber(read.ours)}/s against ${showNumber(read.theirs)}/s in one thread`,
    },
  ];
}

interface Compared {
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
}

type Work = () => unknown;

async function compare(span: number, ours: Work, theirs: Work): Promise<Compared> {
  await perSecond(span / 2, ours); // compiled by now
  await perSecond(span / 2, theirs);
  const rounds: { readonly ours: number; readonly theirs: number }[] = [];
  for (let i = 0; i < ROUNDS; i += 1)
    rounds.push({ ours: await perSecond(span, ours), theirs: await perSecond(span, theirs) });
  return {
    ours: median(rounds.map((round) => round.ours)),
    theirs: median(rounds.map((round) => round.theirs)),
    ratio: median(rounds.map((round) => round.ours / round.theirs)),
  };
}

async function perSecond(span: number, work: Work): Promise<number> {
  const start = performance.now();
  let done = 0;
  for (; performance.now() - start < span; done += BATCH) {
    for (let i = 0; i < BATCH; i += 1) await work();
  }
  return (done * 1000) / (performance.now() - start);
}
