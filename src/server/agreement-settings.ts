/** The settings of agreements with whoever operates this server, and with whoever operates the ways out of it (baa-messaging BA17, BA18). */
import { choice, list, text } from './setting.ts';
import { carrierRow, organizationRef } from './setting-shapes.ts';

export const AGREEMENT_SETTINGS = {
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
    'Who operates a way out, as in hl7v2-mllp=Organization/x: no discloser is told by it without an agreement with its operator, direct or by a chain. A way without a row is a mere conduit, as internet access is. An Endpoint names another by the extension carrier.',
    { shape: carrierRow },
  ),
};
