/** The settings of agreements: how often the clock is asked, and who operates this server and the ways out of it (baa-messaging BA9, BA17, BA18). */
import { choice, integer, list, text } from './setting.ts';
import { carrierRow, organizationRef } from './setting-shapes.ts';

export const AGREEMENT_SETTINGS = {
  agreementTickMs: integer(
    60_000,
    [1000, 3_600_000],
    'Time between two looks at agreements that begin, end or are to be renewed. What may be told never waits for it.',
  ),
  operatorOrganization: text(
    undefined,
    'Organization that operates this server. It works for every organization that keeps patients here, so each other one needs an agreement with it (45 CFR 160.103). Without it nobody is asked for one: an organization that operates its own server needs none.',
    { shape: organizationRef },
  ),
  operatorAgreement: choice(
    ['require', 'warn', 'off-for-demo'],
    'What happens where no agreement with operatorOrganization is in force: writes about patients are refused (require), or done with a warning (warn). off-for-demo asks nothing.',
    {
      unsafe: (value) =>
        value === 'require'
          ? undefined
          : 'organizations may keep patients here without an agreement with the operator',
    },
  ),
  carriers: list(
    [],
    'The carriers of rails, as in hl7v2-mllp=Organization/x: nothing leaves by such a rail without an agreement of the sender with its carrier, direct or by a chain. A rail without a row is a mere conduit, as internet access is. An Endpoint names a carrier of its own by the extension carrier.',
    { shape: carrierRow },
  ),
};
