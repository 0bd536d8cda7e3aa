/** The settings of agreements. Rows of `settings.ts`. */
import { text } from './setting.ts';

export const AGREEMENT_SETTINGS = {
  operatorOrganization: text(
    undefined,
    'The Organization that operates this server. Whoever stores health information here needs an agreement in force with it; doctor says who has none.',
    {
      shape: [
        'Organization/ and its id',
        (given: string) => /^Organization\/[A-Za-z0-9.-]{1,64}$/.test(given),
      ],
    },
  ),
} as const;
