/**
 * The peer of the read figures: Express as in the first example of its documentation, sending a text from memory. `file
 * port`
 */
import { readFileSync } from 'node:fs';
import express from 'express';

const [file = '', port = '0'] = process.argv.slice(2);
const text = readFileSync(file, 'utf8');
express()
  .use((_req, res) => {
    res.send(text);
  })
  .listen(Number(port), '127.0.0.1');
