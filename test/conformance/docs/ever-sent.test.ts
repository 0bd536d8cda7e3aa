/** The page on whether something was ever sent is a session: a shell pastes each block against the demonstration. */
import { readPage, testSession } from './shell-session.ts';

testSession(readPage('ask-whether-it-was-ever-sent.md'));
