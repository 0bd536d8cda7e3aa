/** What the operations on accounts share: who asks, what is read from their parameters, and how a link is answered. */
import { parseDateTime } from '../../../fhir/datetime.ts';
import { OperationOutcomeError } from '../../../fhir/issue.ts';
import type { Ref } from '../../../fhir/types.ts';
import { MEMBER_ROLES } from '../../../identity/membership.ts';
import type { Role } from '../../../identity/roles.ts';
import type {
  AccountAdministration,
  Acting,
  IssuedInvitation,
  MembershipAsked,
} from '../../../ports/accounts.ts';
import { ownRefOf } from '../../../resources/element.ts';
import type { OperationSettings } from '../../context.ts';
import { agentOf } from '../../audit/audit.ts';
import { invalidParameter, textIn, textsIn } from '../input.ts';
import { administeredBy } from '../keeper.ts';
import type { Invocation, OperationParameter } from '../operation.ts';
import type { Out } from '../output.ts';

/** Who asks, and what does it. */
interface Asking {
  readonly accounts: AccountAdministration;
  readonly acting: Acting;
}

/**
 * An administrator of the installation, or of the own organization.
 *
 * @param isAlso whether the caller may ask for another reason
 * @throws OperationOutcomeError `operation-unknown` where the server has no accounts, `scope-insufficient` for anybody else
 */
export function askingOf({ context, request }: Invocation, isAlso = false): Asking {
  const { caller, requestId } = request;
  if (context.accounts === undefined) throw new OperationOutcomeError('operation-unknown');
  const over = administeredBy(request, isAlso);
  return {
    accounts: context.accounts,
    acting: { agent: agentOf(caller), requestId, account: caller.account, over },
  };
}

// — parameters

export const entered = (
  name: string,
  type: string,
  documentation: string,
  { min = 0, max = '1' }: { readonly min?: 0 | 1; readonly max?: '1' | '*' } = {},
): OperationParameter => ({ name, use: 'in', min, max, type, documentation });

export const answered = (
  name: string,
  type: string,
  documentation: string,
  { min = 0, max = '1' }: { readonly min?: 0 | 1; readonly max?: '1' | '*' } = {},
): OperationParameter => ({ name, use: 'out', min, max, type, documentation });

export const USER = entered('user', 'string', 'The account, by its id.', { min: 1 });

export const ORGANIZATION = entered(
  'organization',
  'Reference',
  'The organization; default: the one that the caller acts for.',
);

/** What a membership is given by. */
export const MEMBERSHIP_PARAMETERS: readonly OperationParameter[] = [
  ORGANIZATION,
  entered('role', 'code', `What the person does there: ${MEMBER_ROLES.join(', ')}.`, { max: '*' }),
  entered('practitionerRole', 'Reference', 'The PractitionerRole that the person is there.'),
  entered('site', 'Reference', 'A department or site to which queues and roles are narrowed.', { max: '*' }),
  entered('from', 'dateTime', 'When the membership begins; default: now.'),
  entered('until', 'dateTime', 'When it ends; default: never.'),
];

/** What is answered where a link was made. */
export const LINK_PARAMETERS: readonly OperationParameter[] = [
  answered(
    'link',
    'url',
    'The link by which the person enrols, once, within 72 hours. It is shown here alone.',
  ),
  answered('code', 'string', 'The code that is told to the person by another way than the link.'),
  answered('expires', 'instant', 'When the link ends.'),
];

// — values

/** The refs of a parameter. @throws OperationOutcomeError `parameter-invalid` */
export const refsIn = ({ input, context }: Invocation, name: string): readonly Ref[] =>
  (input.get(name) ?? []).map(({ value }) => {
    const literal = (value as { readonly reference?: string } | undefined)?.reference ?? ''; // a Reference, by its definition
    const ref = ownRefOf(context.settings.publicBase, literal);
    if (ref === undefined) throw invalidParameter(name, `${name} refers to a resource of this server`);
    return ref;
  });

const momentIn = ({ input }: Invocation, name: string): number | undefined => {
  const text = textIn(input, name);
  return text === undefined ? undefined : parseDateTime(text)?.low;
};

/** The roles of a membership. @throws OperationOutcomeError `parameter-invalid` */
function rolesIn({ input }: Invocation): readonly Role[] | undefined {
  const texts = textsIn(input, 'role');
  const roles = MEMBER_ROLES.filter((role) => texts.includes(role));
  const unknown = texts.find((text) => !MEMBER_ROLES.some((role) => role === text));
  if (unknown !== undefined)
    throw invalidParameter('role', `${unknown} is none of ${MEMBER_ROLES.join(', ')}`);
  return roles.length === 0 ? undefined : roles;
}

/** The organization that is asked about, or that the caller acts for; undefined: neither. */
export const organizationIn = (invocation: Invocation): Ref | undefined =>
  refsIn(invocation, 'organization')[0] ?? invocation.request.caller.organization;

/** What is asked of a membership; undefined where nothing is. @throws OperationOutcomeError `field-missing` */
export function membershipIn(invocation: Invocation): MembershipAsked | undefined {
  const roles = rolesIn(invocation);
  const [practitionerRole] = refsIn(invocation, 'practitionerRole');
  const sites = invocation.input.has('site') ? refsIn(invocation, 'site') : undefined;
  const from = momentIn(invocation, 'from');
  const until = momentIn(invocation, 'until');
  const asked = { roles, practitionerRole, sites, from, until };
  if (Object.values(asked).every((one) => one === undefined)) return undefined;
  const organization = organizationIn(invocation);
  if (organization === undefined)
    throw new OperationOutcomeError('field-missing', {
      diagnostics: 'the operation needs the parameter organization',
    });
  return { organization, ...asked };
}

/** Where a person opens a link. */
const linkTo = ({ publicBase, issuerPath }: OperationSettings, secret: string): string =>
  new URL(`${issuerPath}/invitation/${secret}`, publicBase).href;

export function linkOut(
  { context }: Pick<Invocation, 'context'>,
  invitation: IssuedInvitation | undefined,
): readonly Out[] {
  if (invitation === undefined) return [];
  const { secret, code, expiresAt } = invitation;
  return [
    { name: 'link', valueUrl: linkTo(context.settings, secret) },
    ...(code === undefined ? [] : [{ name: 'code', valueString: code }]),
    { name: 'expires', valueInstant: new Date(expiresAt).toISOString() },
  ];
}
