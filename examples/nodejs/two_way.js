// Holds a conversation both ways: asks something, prints what the agent does as it arrives, marks
// it as read, answers once, rates, and closes.
//
// Settings come from the environment (LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET and
// LPC_RECEIVER_LISTEN), so that the same program talks to the sandbox and to a real account.
//
//   npm install
//   LD_LIBRARY_PATH=target/debug node two_way.js [consumer id]
'use strict';
const { LPC, lpc, call, get } = require('./lpconnector.js');

const PATIENCE_MS = 60000; // for how long the agent may do nothing at all

let doing = 'starting';

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
  const kind = lpc.event_kind(n, i), state = lpc.event_state(n, i);
  // A webhook is told of all conversations of the account.
  if (closed || lpc.event_conversation_id(n, i) !== lpc.conversation_id(talk)) return;
  if (kind === LPC.EVENT_KIND_CONVERSATION) {
    const { participants = [] } = JSON.parse(lpc.event_json(n, i)).result.conversationDetails;
    if (!joined && participants.some(({ role }) => role === 'ASSIGNED_AGENT')) {
      joined = true;
      console.log('  (an agent joins)');
    }
    // Not by its state, which is that of the main dialog: a survey may follow.
    closed = lpc.event_is_closed(n, i);
    return;
  }
  // What this consumer did is told as well, and what agents note for each other.
  if (lpc.event_originator_id(n, i) === lpId) return;
  if (lpc.event_audience(n, i) === 'AGENTS_AND_MANAGERS') return;
  if (kind === LPC.EVENT_KIND_TEXT) await said(talk, lpc.event_text(n, i), lpc.event_sequence(n, i));
  if (kind === LPC.EVENT_KIND_CHAT_STATE && state === 'COMPOSING') {
    console.log('  (the agent types)');
  }
  if (kind === LPC.EVENT_KIND_ACCEPT_STATUS && state === 'READ') console.log('  (the agent reads)');
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
  console.error(`${doing}: ${error.message}`);
  process.exitCode = 1;
});
