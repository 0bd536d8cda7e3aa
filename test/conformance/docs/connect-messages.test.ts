/** The page for integrators of messages is a session: a shell pastes each block against the demonstration. */
import { readPage, testSession } from './shell-session.ts';

testSession(readPage('connect-messages.md'));
