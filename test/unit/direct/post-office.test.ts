/** The relay of the demonstration and of tests: what it carries, what it keeps, and what it answers. */
import { expect, test } from '@jest/globals';
import { openPostOffice, sendMailTo } from '../../../tools/direct/post-office.ts';

const mail = {
  from: 'a@one.example.org',
  to: 'b@two.example.org',
  bytes: Buffer.from('Subject: 1\r\n\r\n.\r\n\r\n..\r\n'),
};

test('a mail is carried to the server of its domain, byte for byte, or kept', async () => {
  const [relay, destination] = [await openPostOffice(), await openPostOffice()];
  await sendMailTo(relay.port, mail);
  relay.route('two.example.org', destination.port);
  await sendMailTo(relay.port, mail);
  const [kept] = await relay.wait(mail.to, 1);
  const [carried] = await destination.wait(mail.to, 1);
  await Promise.all([relay.close(), destination.close()]);

  expect(kept).toEqual(mail);
  expect(carried).toEqual(mail);
  expect(relay.carried).toHaveLength(2);
});

test('a refusal of that server is told to the sender with its code', async () => {
  const refusal = Object.assign(new Error('nobody here'), { responseCode: 550 });
  const relay = await openPostOffice();
  const destination = await openPostOffice({
    before: () => {
      throw refusal;
    },
  });
  relay.route('two.example.org', destination.port);
  const refused = await sendMailTo(relay.port, mail).catch((error: unknown) => error);
  await Promise.all([relay.close(), destination.close()]);

  expect(refused).toMatchObject({ responseCode: 550 });
  expect(relay.carried).toEqual([]);
});
