// Holds a conversation both ways: asks something, prints what the agent does as it arrives, marks
// it as read, answers once, rates, and closes.
//
// Settings come from the environment (LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET and
// LPC_RECEIVER_LISTEN), so that the same program talks to the sandbox and to a real account.
//
//   npm install
//   LD_LIBRARY_PATH=target/debug node two_way.js [consumer id]
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

const PATIENCE_MS = 60000; // for how long the agent may do nothing at all

let doing = 'starting';

// Calls a function on a thread of koffi's, while the event loop goes on; throws if it failed.
async function call(fn, ...args) {
  const err = [null];
  const status = await promisify(fn.async)(...args, err);
  if (status === LPC.OK) return;
  const message = `${doing}: ${lpc.status_name(status)}: ${lpc.error_message(err[0])}`;
  lpc.error_free(err[0]);
  throw new Error(message);
}

// As call(), for a function with an out pointer: gives what comes back through it.
async function get(fn, ...args) {
  const out = [null];
  await call(fn, ...args, out);
  return out[0];
}

async function say(talk, text) {
  doing = 'sending a message';
  console.log(`  consumer: ${text}`);
  await call(lpc.conversation_send_text, talk, text, null);
}

let joined = false, closed = false, answers = 0;

// The agent said something: marks it as read, and answers the first time.
async function said(talk, text, sequence) {
  console.log(`  agent:    ${text}`);
  doing = 'marking a message as read';
  await call(lpc.conversation_send_accept_status, talk, LPC.ACCEPT_STATUS_READ, [sequence], 1, null,
    null);
  if (++answers === 1) return say(talk, 'An order');
  console.log('  (the consumer rates it with 5 stars, and closes)');
  doing = 'rating the conversation';
  await call(lpc.conversation_rate, talk, 5, true, LPC.CSAT_STATUS_FILLED, null);
  doing = 'closing the conversation';
  await call(lpc.conversation_close, talk, null);
}

// Event `i` of the notification `n`.
async function handle(talk, lpId, n, i) {
  const kind = lpc.event_kind(n, i), text = lpc.event_text(n, i);
  // A webhook is told of all conversations of the account.
  if (closed || lpc.event_conversation_id(n, i) !== lpc.conversation_id(talk)) return;
  if (kind === LPC.EVENT_KIND_CONVERSATION) {
    const { participants = [] } = JSON.parse(lpc.event_json(n, i)).result.conversationDetails;
    if (!joined && participants.some(({ role }) => role === 'ASSIGNED_AGENT')) {
      joined = true;
      console.log('  (an agent joins)');
    }
    closed = text === 'CLOSE';
    return;
  }
  // What this consumer did is told as well, and what agents note for each other.
  if (lpc.event_originator_id(n, i) === lpId) return;
  if (lpc.event_audience(n, i) === 'AGENTS_AND_MANAGERS') return;
  if (kind === LPC.EVENT_KIND_TEXT) await said(talk, text, lpc.event_sequence(n, i));
  if (kind === LPC.EVENT_KIND_CHAT_STATE && text === 'COMPOSING') {
    console.log('  (the agent types)');
  }
  if (kind === LPC.EVENT_KIND_ACCEPT_STATUS && text === 'READ') console.log('  (the agent reads)');
}

async function main(consumerId) {
  const config = lpc.config_new();
  let receiver = null, client = null, consumer = null, talk = null;
  try {
    await call(lpc.config_load_env, config);
    receiver = await get(lpc.receiver_new, config);
    client = await get(lpc.client_new, config);
    consumer = await get(lpc.consumer_new, client, consumerId);
    const lpId = await get(lpc.consumer_lp_id, consumer);
    talk = await get(lpc.conversation_open, consumer, null);
    console.log(`conversation ${lpc.conversation_id(talk)} opened`);
    console.log(`notifications come to ${lpc.receiver_url(receiver)}`);
    await say(talk, 'Hi, this is the Node.js example');
    while (!closed) {
      doing = 'waiting for the agent';
      const n = await get(lpc.receiver_poll, receiver, PATIENCE_MS);
      try {
        for (let i = 0; i < lpc.notification_event_count(n); i++) await handle(talk, lpId, n, i);
        await call(lpc.receiver_ack, receiver, n); // only now: what is not acknowledged comes again
      } finally {
        lpc.notification_free(n);
      }
    }
    console.log('conversation closed');
  } finally { // any order will do, and freeing NULL is fine
    lpc.conversation_free(talk);
    lpc.consumer_free(consumer);
    lpc.client_free(client);
    lpc.receiver_free(receiver);
    lpc.config_free(config);
  }
}

main(process.argv[2] ?? 'John_Doe_facebook12345').catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
