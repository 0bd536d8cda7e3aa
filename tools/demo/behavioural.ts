/**
 * One behavioural-health referral: a program under 42 CFR Part 2 refers its patient to the practice. Refused with what it
 * needs, captured, sent with the notice, withdrawn, withheld.
 */
import { randomUUID } from 'node:crypto';
import type { Resource } from '../../src/fhir/types.ts';
import { askingAs, done, refOf, refusalOf, tokenOf, type Answer } from './asking.ts';
import { printStep, printTitle } from './print.ts';
import { ORGANIZATIONS } from './organizations.ts';
import { admitDemo, type World } from './world.ts';

const PROGRAM = 'Organization/demo-program';
const PRACTICE = ORGANIZATIONS.initiator.ref;
const OURS = 'https://closeloop.dev/fhir';

export async function playBehavioural(world: World): Promise<void> {
  printTitle('A behavioural-health referral under 42 CFR Part 2');
  const program = askingAs(world, await joinProgram(world));
  const practice = askingAs(world, world.tokens.initiator);
  const patient = refOf(done(await program('POST', 'Patient', person())));

  const refused = await program('POST', 'ServiceRequest', order(patient));
  printStep(`the program refers its patient: ${refused.status} ${refusalOf(refused)}`);
  const captured = done(await program('POST', captureUrl(refused, world.base), consentFor(patient)));
  const consent = namedIn(captured, 'consent');
  const sent = waitedIn(captured);
  printStep(
    `it puts the signed consent on record, and the referral runs in the same commit: ${consent}, ${sent}`,
  );

  const first = done(await practice('GET', sent));
  printStep(`the practice reads it with the notice: "${noticeOf(first).slice(0, NOTICE_SHOWN)}…"`);

  done(await program('POST', `${consent}/$revoke`, revocation(patient)));
  printStep('the patient withdraws the consent');
  const own = done(await program('GET', sent));
  done(await program('PUT', sent, { ...own, patientInstruction: 'Bring your medication.' }));
  const again = await practice('GET', sent);
  const version = again.json.meta?.versionId;
  const isWithheld = version === first.meta?.versionId || again.status === NOT_FOUND;
  if (!isWithheld) throw new Error('what the program wrote after the consent ended was told');
  printStep('what the program writes from then on is withheld; what was received stays');
}

const NOT_FOUND = 404;
const NOTICE_SHOWN = 72;

/** The program becomes a member; an administrator says what it is. */
async function joinProgram(world: World): Promise<string> {
  const { running } = world;
  await admitDemo(running, PROGRAM, {
    resourceType: 'Organization',
    id: PROGRAM.slice('Organization/'.length),
    identifier: [{ system: 'urn:ietf:rfc:3986', value: 'urn:oid:2.999.360.3' }],
    active: true,
    type: [{ coding: [{ system: `${OURS}/CodeSystem/party-kind`, code: 'part2-program' }] }],
    name: 'Hope Street Recovery',
  });
  return tokenOf(world, PROGRAM, 'demo-program');
}

// — what is sent

const person = (): Resource => ({
  resourceType: 'Patient',
  identifier: [{ system: 'urn:oid:2.999.360.3.5', value: `MRN-${randomUUID().slice(0, 8)}` }],
  name: [{ family: 'Sample', given: ['Robin'] }],
  gender: 'male',
  birthDate: '1984-05-11',
});

const order = (patient: string): Resource => ({
  resourceType: 'ServiceRequest',
  meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: '42CFRPart2' }] },
  status: 'active',
  intent: 'order',
  code: { coding: [{ system: 'http://snomed.info/sct', code: '3457005', display: 'Patient referral' }] },
  subject: { reference: patient },
  authoredOn: new Date().toISOString(),
  requester: { reference: PROGRAM },
  performer: [{ reference: PRACTICE }],
  reasonCode: [
    {
      coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'F11.21' }],
      text: 'Opioid use disorder',
    },
  ],
});

/** The parameters of a complete consent, with the referral that waits for it. */
const consentFor = (patient: string): Resource => ({
  resourceType: 'Parameters',
  parameter: [
    { name: 'kind', valueCode: 'part2-tpo' },
    { name: 'to', valueReference: { reference: PRACTICE } },
    { name: 'information', part: [{ name: 'text', valueString: 'All my treatment records' }] },
    { name: 'event', valueString: 'none' },
    { name: 'form', valueCanonical: `${OURS}/Questionnaire/part2-tpo` },
    {
      name: 'signature',
      valueAttachment: { contentType: 'text/plain', data: Buffer.from('signed').toString('base64') },
    },
    { name: 'signedAt', valueDateTime: new Date().toISOString() },
    {
      name: 'then',
      resource: {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ resource: order(patient), request: { method: 'POST', url: 'ServiceRequest' } }],
      },
    },
  ],
});

const revocation = (patient: string): Resource => ({
  resourceType: 'Parameters',
  parameter: [
    { name: 'by', valueReference: { reference: patient } },
    { name: 'how', valueCode: 'written' },
  ],
});

// — what is answered

/** Where the refusal says that a consent is captured. */
function captureUrl({ headers }: Answer, base: string): string {
  const [, address = ''] =
    /<([^>]+)>; rel="https:\/\/closeloop.dev\/rel\/capture"/.exec(headers.get('link') ?? '') ?? [];
  if (address === '') throw new Error('the refusal does not say where the consent is captured');
  return address.startsWith('http') ? address : `${base}/${address}`;
}

interface Out {
  readonly name: string;
  readonly valueReference?: { readonly reference: string };
  readonly resource?: { readonly entry?: readonly { readonly response: { readonly location?: string } }[] };
}

const outsOf = (parameters: Resource): readonly Out[] => (parameters['parameter'] ?? []) as readonly Out[]; // Parameters

const namedIn = (parameters: Resource, name: string): string =>
  outsOf(parameters).find((one) => one.name === name)?.valueReference?.reference ?? '';

const waitedIn = (parameters: Resource): string =>
  outsOf(parameters)
    .find(({ name }) => name === 'response')
    ?.resource?.entry?.[0]?.response.location?.replace(/\/_history.*/, '') ?? '';

/** The statement of 42 CFR 2.32 that came with a resource. */
const noticeOf = ({ meta }: Resource): string =>
  /This record which has been disclosed[^"]*/.exec(JSON.stringify(meta?.extension ?? []))?.[0] ?? '';
