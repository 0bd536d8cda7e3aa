/** The page that shows how to write a SMART app: its registration is pasted into a shell against the demonstration. */
import { readPage, testSession } from './shell-session.ts';

testSession(readPage('write-a-smart-app.md'));
