// lpconnector.h for Node.js: its numbers as LPC.NAME, its functions as lpc.name().
'use strict';
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { promisify } = require('node:util');
const koffi = require('koffi');

// Calls that may wait run on koffi's threads, whose 128 KiB of stack are hardly enough for TLS.
koffi.config({ async_stack_size: 1 << 20 }); // before koffi.load()

// Declares all that lpconnector.h does, but for functions that take callbacks. Each pointer to a
// pointer is where something comes back. koffi copies strings that come back, as it should: what
// the library lends ends with its handle.
const header = readFileSync(join(__dirname, '../../include/lpconnector.h'), 'utf8');
const library = koffi.load(`liblpconnector${koffi.extension}`);
const LPC = {}, lpc = {};
for (const [, name, number] of header.matchAll(/^#define LPC_(\w+) (\d+)$/gm)) LPC[name] = +number;
for (const [, handle] of header.matchAll(/^typedef struct (\w+) \w+;$/gm)) koffi.opaque(handle);
for (const [, type, name] of header.matchAll(/^typedef (\w+) (\w+);$/gm)) koffi.alias(name, type);
for (const [prototype, name] of header.matchAll(/^\w[\w *]+lpc_(\w+)\([^;]*\);$/gm)) {
  if (/_callback$/.test(name)) continue;
  lpc[name] = library.func(prototype.replace(/struct /g, '').replace(/[\w ]+ \*\*/g, '_Out_ $&'));
}

// Calls a function on a thread of koffi's, while the event loop goes on; throws if it failed.
async function call(fn, ...args) {
  const err = [null];
  const status = await promisify(fn.async)(...args, err);
  if (status === LPC.OK) return;
  const message = `${lpc.status_name(status)}: ${lpc.error_message(err[0])}`;
  lpc.error_free(err[0]);
  throw new Error(message);
}

// As call(), for a function with an out pointer: gives what comes back through it.
async function get(fn, ...args) {
  const out = [null];
  await call(fn, ...args, out);
  return out[0];
}

module.exports = { LPC, lpc, call, get };
