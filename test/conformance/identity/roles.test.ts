/**
 * Every role, type and interaction through HTTP (identity ID-7), against the table as a person would write it down: this text
 * is the oracle, and knows nothing of the tables in `src/identity`.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { OPERATIONS } from '../../../src/operations/extended/index.ts';
import { RESOURCE_TYPES } from '../../../src/resources/index.ts';
import { openServer, type TestServer } from '../../server.ts';
import { askAs, refusalsIn, type Person } from './people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient'], '--bundle-entries-max', '5000');
});
afterAll(() => server.close());

const ORACLE = `
types                                     | coordinator | clinician | front-desk | compliance | executive | biller | org-admin | sys-admin | patient
ServiceRequest                            | crud s      | crud s    | r s        | r s        |           |        |           |           | r s
Task                                      | crud s      | crud s    | cru s      | cru s      |           |        | cru s     | cru s     | r s
Appointment AppointmentResponse           | cru s       | cru s     | cru s      | r s        |           |        |           |           | r s
Schedule Slot                             | cru s       | cru s     | cru s      | r s        |           |        | cru s     | cru s     | r s
Communication CommunicationRequest        | cru s       | cru s     | cr s       | r s        |           |        |           |           | cr s
DocumentReference DocumentManifest Composition Bundle Binary MessageHeader | cr s | cru s | r | (r s) |  |        |           |           | r s
Patient RelatedPerson Person              | cru s       | cru s     | cru s      | r s        |           | r s    |           |           | r
Coverage CoverageEligibilityRequest CoverageEligibilityResponse Claim ClaimResponse ExplanationOfBenefit Account ChargeItem Invoice EnrollmentRequest EnrollmentResponse PaymentNotice PaymentReconciliation | cru s | r s | cru s | | | cru s | | | r s
Consent                                   | cru s       | cru s     | cr s       | r s        |           |        |           |           | cr s
Organization OrganizationAffiliation Practitioner PractitionerRole Location HealthcareService CareTeam Device InsurancePlan VerificationResult | cru s | cru s | cru s | r s | r s | r s | cru s | cru s | r s
Endpoint                                  | cu s        | cu        | cu         | r s        |           |        | cru s     | cru s     |
Contract                                  | r s         |           |            | cru s      |           |        | r s       | r s       |
AuditEvent Provenance                     | r s         | r s       |            | r s        |           |        | r s       | r s       | r s
Basic Group Linkage                       | cru s       | cru s     | cru s      | cru s      |           |        | cru s     | cru s     | r s
Subscription                              |             |           |            | r s        |           |        | crud s    | r s       |
MeasureReport                             | r s         | r s       |            | r s        | r s       |        | r s       |           |
clinical                                  | cr s        | cru s     |            | (r s)      |           |        |           |           | r s
definitions                               | r s         | r s       | r s        | r s        | r s       | r s    | cru s     | cru s     | r s
`;

const CLINICAL = `AdverseEvent AllergyIntolerance BiologicallyDerivedProduct BodyStructure CarePlan ClinicalImpression Condition
  DetectedIssue DeviceMetric DeviceRequest DeviceUseStatement DiagnosticReport Encounter EpisodeOfCare FamilyMemberHistory Flag
  Goal GuidanceResponse ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation List Media Medication
  MedicationAdministration MedicationDispense MedicationRequest MedicationStatement MolecularSequence NutritionOrder
  Observation Procedure QuestionnaireResponse RequestGroup ResearchSubject RiskAssessment Specimen SupplyDelivery
  SupplyRequest VisionPrescription`;

interface OracleRow {
  readonly types: readonly string[];
  /** What a role may do; in brackets: for a stated reason. */
  readonly may: ReadonlyMap<string, string>;
}

function readOracle(): readonly OracleRow[] {
  const [head = '', ...lines] = ORACLE.trim().split('\n');
  const roles = head
    .split('|')
    .slice(1)
    .map((cell) => cell.trim());
  const rows = lines.map((line) => {
    const [types = '', ...cells] = line.split('|').map((cell) => cell.trim());
    const may = new Map(roles.map((role, at) => [role, cells[at] ?? '']));
    return { types: types.split(' '), may: may.set('proxy', may.get('patient') ?? '') };
  });
  const named = new Set([...rows.flatMap(({ types }) => types), ...CLINICAL.split(/\s+/)]);
  const rest = [...RESOURCE_TYPES.keys()].filter((type) => !named.has(type));
  return rows.map((row) =>
    row.types[0] === 'clinical'
      ? { ...row, types: CLINICAL.split(/\s+/) }
      : row.types[0] === 'definitions'
        ? { ...row, types: rest }
        : row,
  );
}

const ROWS = readOracle();
const ROLE_NAMES = [...(ROWS[0]?.may.keys() ?? [])];

/** What is asked of a type, and the letters that the role needs for it. */
const ASKED: readonly (readonly [method: string, below: string, needs: string])[] = [
  ['GET', '/none', 'r'],
  ['GET', '/none/_history/1', 'r'],
  ['GET', '/none/_history', 'r'],
  ['GET', '?_count=0', 's'],
  ['GET', '/_history?_count=1', 's'],
  ['POST', '', 'c'],
  ['PUT', '/none', 'u'],
  ['DELETE', '/none', 'd'],
  ['PUT', '?identifier=none', 'us'],
  ['DELETE', '?_id=none', 'ds'],
];

/** One request for each letter. */
const EACH_LETTER = ASKED.filter(
  ([, , needs], at) => needs.length === 1 && ASKED.findIndex(([, , other]) => other === needs) === at,
);

/** Every interaction for the first type of a row: which letter one needs is the same for all types. */
const asksOf = (type: string, [first]: readonly string[]): typeof ASKED => {
  if (type !== first) return EACH_LETTER;
  return ASKED.filter(([, below]) => type !== 'AuditEvent' || !below.includes('_history'));
};

const personOf = (role: string): Person =>
  role === 'patient' || role === 'proxy'
    ? {
        user: role === 'patient' ? 'Patient/nobody' : 'RelatedPerson/nobody',
        claims: { patient: 'nobody' },
        subject: role,
      }
    : role === 'sys-admin'
      ? { scope: 'user/*.cruds closeloop/admin', subject: role }
      : { roles: role, subject: role };

/** Whether nothing refused an interaction for the role. */
async function permitted(
  role: string,
  asked: readonly (readonly [type: string, method: string, below: string])[],
  headers?: Readonly<Record<string, string>>,
): Promise<readonly boolean[]> {
  const entry = asked.map(([type, method, below]) => ({
    request: { method, url: `${type}${below}` },
    ...((method === 'POST' || method === 'PUT') && {
      resource: { resourceType: type, ...(below === '/none' && { id: 'none' }) },
    }),
  }));
  const bundle = { resourceType: 'Bundle', type: 'batch', entry };
  const { json, status } = await askAs(server, personOf(role), 'POST ', bundle, headers);
  if (status !== 200) throw new Error(JSON.stringify(json));
  // What is beyond the limits of a role is refused when it was read; tests of their own ask that.
  return refusalsIn(json).map(
    ({ code, says }) => code !== 'role-insufficient' || says.includes('no more than'),
  );
}

describe('(identity ID-7) what a role may do with a type', () => {
  test.each(ROLE_NAMES)(
    '%s',
    async (role) => {
      const cases = ROWS.flatMap(({ types, may }) =>
        types.flatMap((type) =>
          asksOf(type, types).map(([method, below, needs]) => ({
            type,
            method,
            below,
            needs,
            may: may.get(role) ?? '',
          })),
        ),
      );
      const got = await permitted(
        role,
        cases.map(({ type, method, below }) => [type, method, below]),
      );
      const wrong = cases.filter(({ type, method, needs, may }, at) => {
        const isMay = !may.startsWith('(') && Array.from(needs).every((letter) => may.includes(letter));
        // A type that offers no such interaction refuses it to everybody, before anybody's role is asked.
        const isOffered = !(type === 'AuditEvent' && method !== 'GET');
        return isOffered && isMay !== got[at];
      });
      expect(wrong.map(({ type, method, below }) => `${method} ${type}${below}`)).toEqual([]);
    },
    120_000,
  );

  test('(harmony Z8) for a stated reason', async () => {
    const cases = [
      ['Condition', 'GET', '/none'],
      ['DocumentReference', 'GET', '?_count=0'],
      ['Condition', 'POST', ''],
    ] as const;
    expect(await permitted('compliance', cases)).toEqual([false, false, false]);
    const headers = { 'X-Access-Reason': 'A complaint of the patient' };
    expect(await permitted('compliance', cases, headers)).toEqual([true, true, false]);
    const { code } = await askAs(server, personOf('compliance'), 'GET Condition/none', undefined, {
      'X-Access-Reason': 'because',
    });
    expect(code).toBe('header-invalid');
  });

  test('each type is in one row of the oracle', () => {
    const all = ROWS.flatMap(({ types }) => types);
    expect(all.toSorted()).toEqual([...RESOURCE_TYPES.keys()].toSorted());
  });
});

const OPERATION_ORACLE = `
coordinator: can-send convert validate meta expand validate-code lookup subsumes timeline deliveries ccda render import-ccda import-xdm
  capture-consent revoke link-message correct-message replay-message discard-message map-code read
clinician: can-send convert validate meta meta-add expand validate-code lookup subsumes timeline deliveries everything ccda render
  import-ccda import-xdm break-glass confirm-break-glass capture-consent revoke link-message correct-message replay-message
  discard-message map-code read
front-desk: can-send convert validate meta expand validate-code lookup subsumes timeline capture-consent revoke read
compliance: can-send convert validate meta expand validate-code lookup subsumes timeline deliveries break-glass-report review
  accounting-of-disclosures access-report record-disclosure intermediary-disclosures audit-package audit-package-status
  audit-package-file audit-package-cancel evidence incident-sheet information-blocking-report policy-as-of hold unhold holds access-review read
executive: convert meta expand validate-code lookup subsumes
biller: can-send convert validate meta expand validate-code lookup subsumes
org-admin: convert validate meta expand validate-code lookup subsumes link-message correct-message replay-message
  discard-message map-code users invite-user user-state membership reset-factors access-review clients register-client
  client-state
sys-admin: convert validate meta expand validate-code lookup subsumes policy-as-of admit verify link-message correct-message
  replay-message discard-message map-code users invite-user user-state membership reset-factors access-review clients
  register-client client-state rotate-keys
patient: can-send meta timeline everything ccda render accounting-of-disclosures intermediary-disclosures capture-consent revoke read
`;

const ADMINISTERS: ReadonlySet<string> = new Set(['org-admin', 'sys-admin', 'compliance']);

describe('(identity 4.4) which operations a role may invoke', () => {
  const oracle = new Map(
    OPERATION_ORACLE.trim()
      .split(/\n(?=\S)/)
      .map((line) => {
        const [role = '', names = ''] = line.split(':');
        return [role, new Set(names.trim().split(/\s+/))] as const;
      }),
  );

  test.each(ROLE_NAMES.filter((role) => role !== 'proxy'))('%s', async (role) => {
    const wrong: string[] = [];
    for (const [id, { name, levels, resource }] of OPERATIONS) {
      const [first = 'Patient'] = resource === 'any' ? ['Patient'] : resource;
      const at = { system: '', type: `${first}/`, instance: `${first}/none/` }[levels[0] ?? 'system'];
      const parameters = { resourceType: 'Parameters' };
      const { code } = await askAs(server, personOf(role), `POST ${at}$${name}`, parameters);
      // A coordinator writes a document of a referral; of the whole record for a reason alone.
      const isWhole = id === 'Patient-ccda' && role === 'coordinator';
      // What this text does not name is the administration of identity: for administrators, whichever they are.
      const isNamed = [...oracle.values()].some((names) => names.has(name));
      if (!isNamed && ADMINISTERS.has(role)) continue;
      const isMay = oracle.get(role)?.has(name) === true && !isWhole;
      if (isMay === (code === 'role-insufficient')) wrong.push(`${id} ${code}`);
    }
    expect(wrong).toEqual([]);
  });
});

describe('(identity ID-8) who has roles', () => {
  const read = 'GET Task/none';

  test.each<[string, Person, string | undefined]>([
    ['a user without a role', {}, 'role-missing'],
    ['a word that is no role', { roles: ['nurse'] }, 'role-missing'],
    ['a claim that makes an administrator (ID-45)', { roles: ['sys-admin'] }, 'role-missing'],
    ['a role', { roles: ['nurse', 'coordinator'] }, 'not-found'],
    ['roles that add up (ID-5)', { roles: ['executive', 'coordinator'] }, 'not-found'],
    ['a role that may not', { roles: ['executive'] }, 'role-insufficient'],
    [
      'a service client',
      { scope: 'system/*.cruds', user: '', subject: 'engine', client: 'engine' },
      'not-found',
    ],
    ['a client whose subject it is', { user: '', subject: 'engine', client: 'engine' }, 'not-found'],
    [
      'a scope that is too little, before the role (harmony Z27)',
      { scope: 'user/Patient.r' },
      'scope-insufficient',
    ],
    ['the same with a role', { scope: 'user/Patient.r', roles: 'executive' }, 'scope-insufficient'],
    ['a patient without a launch', { user: 'RelatedPerson/1' }, 'role-insufficient'],
    ['a patient', { user: 'Patient/1' }, 'not-found'],
  ])('%s', async (_what, person, code) => {
    expect((await askAs(server, person, read)).code).toBe(code);
  });

  test('an entry of a transaction is refused as by itself, an include is silently absent, a chain is refused', async () => {
    const entry = [
      { request: { method: 'POST', url: 'Condition' }, resource: { resourceType: 'Condition' } },
    ];
    const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
    expect((await askAs(server, { roles: 'front-desk' }, 'POST ', bundle)).code).toBe('role-insufficient');
    const has = 'GET Patient?_has:Condition:subject:code=1';
    expect((await askAs(server, { roles: 'front-desk' }, has)).code).toBe('role-insufficient');
    expect((await askAs(server, { roles: 'coordinator' }, has)).code).toBeUndefined();
  });

  test('(identity 7.3) a fresh login', async () => {
    const parameters = { resourceType: 'Parameters' };
    const stale = { roles: 'compliance', ago: 301 };
    const { status, code, headers } = await askAs(
      server,
      stale,
      'POST Patient/none/$access-report',
      parameters,
    );
    expect([status, code]).toEqual([401, 'step-up-needed']);
    expect(headers.get('www-authenticate')).toMatch(
      /^Bearer .*error="insufficient_user_authentication".*acr_values="urn:closeloop:acr:mfa", max_age=300$/,
    );
    const fresh = { ...stale, ago: 200 };
    expect((await askAs(server, fresh, 'POST Patient/none/$access-report', parameters)).code).toBe(
      'not-found',
    );
    expect(
      (await askAs(server, { roles: 'clinician', ago: 400 }, 'POST Patient/none/$break-glass', parameters))
        .code,
    ).toBe('step-up-needed');
    expect(
      (
        await askAs(server, { roles: 'org-admin', ago: 400 }, 'PUT Endpoint/none', {
          resourceType: 'Endpoint',
          id: 'none',
        })
      ).code,
    ).toBe('step-up-needed');
  });

  test.each([
    ['by itself', 'PUT Consent/none', { resourceType: 'Consent', id: 'none' }],
    [
      'as an entry',
      'POST ',
      {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [
          {
            request: { method: 'PUT', url: 'Consent/none' },
            resource: { resourceType: 'Consent', id: 'none' },
          },
        ],
      },
    ],
  ])(
    '(identity 7.3) a consent is withdrawn for a patient after a fresh login, %s too',
    async (_how, asked, body) => {
      const coordinator = { roles: 'coordinator' };
      expect((await askAs(server, { ...coordinator, ago: 400 }, asked, body)).code).toBe('step-up-needed');
      expect((await askAs(server, { ...coordinator, ago: 200 }, asked, body)).code).not.toBe(
        'step-up-needed',
      );
    },
  );
});
