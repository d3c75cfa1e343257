// lpconnector.h for Node.js: its numbers as LPC.NAME, its functions as lpc.name().
'use strict';
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { promisify } = require('node:util');
const koffi = require('koffi');

// Calls that may wait run on koffi's threads, whose 128 KiB of stack are hardly enough for TLS.
koffi.config({ async_stack_size: 1 << 20 }); // before koffi.load()

// The header: where LPC_HEADER says, else in the tree of this file, else where it was installed.
const places = process.env.LPC_HEADER ? [process.env.LPC_HEADER]
  : [join(__dirname, '../../include'), '/usr/local/include', '/usr/include'].map(
    (folder) => join(folder, 'lpconnector.h'));
const found = places.find((place) => existsSync(place));
if (!found) throw new Error(`no header: looked for ${places.join(', ')}; LPC_HEADER can name it`);

// Declares all that lpconnector.h does, but for functions that take callbacks. Each pointer to a
// pointer, or to a size_t, is where something comes back. koffi copies strings that come back, as it
// should: what the library lends ends with its handle.
const header = readFileSync(found, 'utf8');
const library = koffi.load(`liblpconnector${koffi.extension}`);
const LPC = {}, lpc = {};
for (const [, name, number] of header.matchAll(/^#define LPC_(\w+) (\d+)$/gm)) LPC[name] = +number;
for (const [, handle] of header.matchAll(/^typedef struct (\w+) \w+;$/gm)) koffi.opaque(handle);
for (const [, type, name] of header.matchAll(/^typedef (\w+) (\w+);$/gm)) koffi.alias(name, type);
for (const [prototype, name] of header.matchAll(/^\w[\w *]+lpc_(\w+)\([^;]*\);$/gm)) {
  if (/_callback$/.test(name)) continue;
  lpc[name] = library.func(
    prototype.replace(/struct /g, '').replace(/[\w ]+ \*\*|size_t \*/g, '_Out_ $&'));
}

// Calls a function on a thread of koffi's, while the event loop goes on; throws if it failed: an
// Error with the name of its status, and whether the request may have taken effect all the same.
async function call(fn, ...args) {
  const err = [null];
  const status = await promisify(fn.async)(...args, err);
  if (status === LPC.OK) return;
  const name = lpc.status_name(status);
  const error = new Error(`${name}: ${lpc.error_message(err[0])}`);
  Object.assign(error, { status: name, maybeDelivered: lpc.error_maybe_delivered(err[0]) });
  lpc.error_free(err[0]);
  throw error;
}

// As call(), for a function with an out pointer: gives what comes back through it.
async function get(fn, ...args) {
  const out = [null];
  await call(fn, ...args, out);
  return out[0];
}

module.exports = { LPC, lpc, call, get };
