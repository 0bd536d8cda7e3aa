/** The page that shows whether a referral arrived is a session: a shell pastes each block against the demonstration. */
import { readPage, testSession } from './shell-session.ts';

testSession(readPage('see-whether-a-referral-arrived.md'));
