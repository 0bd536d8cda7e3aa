/** `$identity-providers`: which providers of logins an organization has, and what their word counts for (identity 8). */
import { OperationOutcomeError } from '../../../fhir/issue.ts';
import type { Ref } from '../../../fhir/types.ts';
import { PROVIDER_CREDENTIALS, type ClaimRule } from '../../../identity/external.ts';
import type { ProofRule } from '../../../identity/external-proof.ts';
import { MEMBER_ROLES, type MemberRole } from '../../../identity/membership.ts';
import type { ProviderAdministration, ProviderAsked, ProviderRow } from '../../../ports/sign-on.ts';
import { ownRefOf } from '../../../resources/element.ts';
import { invalidParameter, isTrueIn, textIn, textsIn } from '../input.ts';
import type {
  Given,
  Input,
  Invocation,
  Operation,
  OperationParameter,
  OperationReply,
} from '../operation.ts';
import { parametersOf, type Out } from '../output.ts';
import { answered, askingOf, entered, organizationIn } from './asking.ts';

const ACTIONS = ['list', 'put', 'remove'] as const;
const PROOFS = ['none', 'methods', 'level'] as const;

const RULE_PARTS: readonly OperationParameter[] = [
  {
    name: 'test',
    use: 'in',
    min: 1,
    max: '*',
    documentation: 'A claim and the value that it has, or holds as a list; all of a rule must be so.',
    part: [
      entered('claim', 'string', 'The claim, by its name or its path with dots.', { min: 1 }),
      entered('is', 'string', 'The value.', { min: 1 }),
    ],
  },
  entered(
    'organization',
    'Reference',
    'Where the roles are granted; default: the only organization of the provider.',
  ),
  entered('role', 'code', `What is granted: ${MEMBER_ROLES.join(', ')}.`, { min: 1, max: '*' }),
];

const EHR_PARTS: readonly OperationParameter[] = [
  entered('patientSystem', 'uri', 'A system of identifiers by which its patient is one of ours.', {
    max: '*',
  }),
  {
    name: 'user',
    use: 'in',
    min: 0,
    max: '*',
    documentation: 'Whose login there is whose account here.',
    part: [
      entered('practitioner', 'string', 'Practitioner/id of the EHR.', { min: 1 }),
      entered('account', 'string', 'The id of the account.', { min: 1 }),
    ],
  },
  entered('embeddingOrigin', 'url', 'An origin whose pages may show ours in a frame.', { max: '*' }),
];

export const identityProviders: Operation = {
  name: 'identity-providers',
  title: 'Providers of logins',
  description:
    'The providers of OpenID Connect by whose word the people of an organization come in: lists them, puts one on record or changes it, takes one away. For administrators of the organization, their own alone, and of the installation. A change of who comes in, or how, ends the sessions that came in before. docs/reference/sign-on.md explains each parameter.',
  levels: ['system'],
  resource: [],
  affectsState: true,
  parameters: [
    entered('action', 'code', `One of ${ACTIONS.join(', ')}; default: list.`),
    entered('provider', 'string', 'The name of the provider in addresses here: a-z, 0-9 and hyphens.'),
    entered('name', 'string', 'What people call it; the button says so.'),
    entered('issuer', 'string', 'The issuer, exactly as the provider says it.'),
    entered(
      'organization',
      'Reference',
      'For whom it speaks; default: the organization that the caller acts for.',
      { max: '*' },
    ),
    entered('clientId', 'string', 'What the provider calls this server.'),
    entered(
      'credential',
      'code',
      `How this server proves who it is: ${PROVIDER_CREDENTIALS.join(', ')}; default: private_key_jwt.`,
    ),
    entered('secret', 'string', 'The shared secret, where there is one; it is never shown again.'),
    entered('scope', 'string', 'What is asked for; default: openid, profile, email.', { max: '*' }),
    {
      name: 'rule',
      use: 'in',
      min: 0,
      max: '*',
      documentation: 'From claims to roles. Without rules the memberships here say what people may.',
      part: RULE_PARTS,
    },
    entered(
      'proof',
      'code',
      `What proves a second factor there: ${PROOFS.join(', ')}; default: none, our own follows.`,
    ),
    entered('proofWord', 'string', 'The words of amr, or the levels of acr, that prove it.', { max: '*' }),
    entered('justInTime', 'boolean', 'Whether a first login makes an account.'),
    entered('emailDomain', 'string', 'Domains whose addresses see its button on the login page.', {
      max: '*',
    }),
    entered('endsSessionThere', 'boolean', 'Whether a log-off here goes on to the provider’s.'),
    entered(
      'emergencyAccount',
      'string',
      'The account that gets in without the provider, by a passkey; set, own logins of its people are closed.',
    ),
    {
      name: 'ehr',
      use: 'in',
      min: 0,
      max: '1',
      documentation:
        'That it is an EHR, which launches this server (SMART App Launch): its issuer is then its FHIR base.',
      part: EHR_PARTS,
    },
    entered('suspended', 'boolean', 'True: nobody comes in by it.'),
    {
      ...answered('entry', 'string', 'A provider, as it is on record, without its secret.', { max: '*' }),
    },
    answered(
      'redirectUri',
      'url',
      'The address to which the provider sends people back; to be registered there.',
    ),
    answered('launchUri', 'url', 'Where an EHR opens this server; to be registered there.'),
    answered('jwksUri', 'url', 'Where the provider finds our public key.'),
    answered('backchannelLogoutUri', 'url', 'Where the provider tells of log-offs.'),
  ],
  perform,
};

async function perform(invocation: Invocation): Promise<OperationReply> {
  const { context, input } = invocation;
  const { acting } = askingOf(invocation);
  const { providers } = context;
  if (providers === undefined) throw new OperationOutcomeError('operation-unknown');
  const action = textIn(input, 'action') ?? 'list';
  if (action === 'list') return reply((await providers.list(acting)).map(entryOf));
  if (action === 'put') return put(invocation, providers, acting);
  if (action !== 'remove') throw invalidParameter('action', `action is one of ${ACTIONS.join(', ')}`);
  await providers.remove(acting, needed(input, 'provider'));
  return reply([]);
}

const reply = (parameters: readonly Out[]): OperationReply => ({
  status: 200,
  resource: parametersOf(parameters),
});

const entryOf = (row: ProviderRow): Out => ({ name: 'entry', valueString: JSON.stringify(row) });

async function put(
  invocation: Invocation,
  providers: ProviderAdministration,
  acting: ReturnType<typeof askingOf>['acting'],
): Promise<OperationReply> {
  const row = await providers.put(acting, readAsked(invocation));
  const { issuerPath, publicBase } = invocation.context.settings;
  const at = (path: string): string => new URL(`${issuerPath}/sign-on/${row.key}/${path}`, publicBase).href;
  if (row.ehr !== undefined) {
    const below = (path: string): string => new URL(`/launch${path}`, publicBase).href;
    return reply([
      entryOf(row),
      { name: 'redirectUri', valueUrl: below(`/${row.key}/callback`) },
      { name: 'launchUri', valueUrl: below('') },
      { name: 'jwksUri', valueUrl: below(`/${row.key}/jwks`) },
    ]);
  }
  return reply([
    entryOf(row),
    { name: 'redirectUri', valueUrl: at('callback') },
    ...(row.publicKey === undefined ? [] : [{ name: 'jwksUri', valueUrl: at('jwks') }]),
    { name: 'backchannelLogoutUri', valueUrl: at('backchannel-logout') },
  ]);
}

/** @throws OperationOutcomeError `field-missing`, `parameter-invalid` */
function readAsked(invocation: Invocation): ProviderAsked {
  const { input } = invocation;
  const own = organizationIn(invocation);
  const told = refsOf(invocation, input.get('organization'), 'organization');
  const organizations = told.length > 0 ? told : own === undefined ? [] : [own];
  const scopes = textsIn(input, 'scope');
  return {
    key: needed(input, 'provider'),
    name: needed(input, 'name'),
    issuer: needed(input, 'issuer'),
    clientId: needed(input, 'clientId'),
    organizations,
    // `put` says which there are.
    credential: (textIn(input, 'credential') ?? 'private_key_jwt') as ProviderAsked['credential'],
    secret: textIn(input, 'secret'),
    scopes: scopes.length > 0 ? scopes : ['openid', 'profile', 'email'],
    rules: (input.get('rule') ?? []).map(({ parts }) =>
      readRule(invocation, parts ?? new Map(), organizations),
    ),
    proof: readProof(input),
    justInTime: isTrueIn(input, 'justInTime'),
    emailDomains: textsIn(input, 'emailDomain'),
    endsSessionThere: isTrueIn(input, 'endsSessionThere'),
    ...readEmergency(input),
    ...readEhr(input),
    status: isTrueIn(input, 'suspended') ? 'suspended' : 'active',
  };
}

function needed(input: Input, name: string): string {
  const text = textIn(input, name);
  if (text !== undefined) return text;
  throw new OperationOutcomeError('field-missing', {
    diagnostics: `the operation needs the parameter ${name}`,
  });
}

function readRule(invocation: Invocation, parts: Input, organizations: readonly Ref[]): ClaimRule {
  const [organization = organizations.length === 1 ? organizations[0] : undefined] = refsOf(
    invocation,
    parts.get('organization'),
    'rule',
  );
  if (organization === undefined) throw invalidParameter('rule', 'a rule names one of several organizations');
  const when = (parts.get('test') ?? []).map(({ parts: test = new Map() }) => ({
    claim: textIn(test, 'claim') ?? '',
    is: textIn(test, 'is') ?? '',
  }));
  return { when, organization, roles: textsIn(parts, 'role') as readonly MemberRole[] }; // `put` says which there are
}

const readEmergency = (input: Input): Pick<ProviderAsked, 'emergencyAccount'> => {
  const emergencyAccount = textIn(input, 'emergencyAccount');
  return emergencyAccount === undefined ? {} : { emergencyAccount };
};

function readEhr(input: Input): Pick<ProviderAsked, 'ehr'> {
  const [told] = input.get('ehr') ?? [];
  if (told === undefined) return {};
  const { parts = new Map() } = told;
  const users = (parts.get('user') ?? []).map(({ parts: user = new Map() }: Given) => ({
    user: textIn(user, 'practitioner') ?? '',
    account: textIn(user, 'account') ?? '',
  }));
  const [patientSystems, embeddingOrigins] = [
    textsIn(parts, 'patientSystem'),
    textsIn(parts, 'embeddingOrigin'),
  ];
  return { ehr: { patientSystems, users, embeddingOrigins } };
}

function readProof(input: Input): ProofRule {
  const kind = textIn(input, 'proof') ?? 'none';
  if (kind === 'none') return { kind };
  if (kind === 'methods' || kind === 'level') return { kind, any: textsIn(input, 'proofWord') };
  throw invalidParameter('proof', `proof is one of ${PROOFS.join(', ')}`);
}

const refsOf = ({ context }: Invocation, given: readonly Given[] | undefined, name: string): readonly Ref[] =>
  (given ?? []).map(({ value }) => {
    const literal = (value as { readonly reference?: string } | undefined)?.reference ?? ''; // a Reference, by its definition
    const ref = ownRefOf(context.settings.publicBase, literal);
    if (ref === undefined) throw invalidParameter(name, 'it refers to an Organization of this server');
    return ref;
  });
