// What the two-way conversation does not show: several sequences in one call, what an error tells.
'use strict';
const koffi = require('koffi');
const { LPC, lpc, call, get } = require('./lpconnector.js');

async function main() {
  const config = lpc.config_new();
  await call(lpc.config_load_env, config);
  const client = await get(lpc.client_new, config);
  const consumer = await get(lpc.consumer_new, client, 'somebody');
  const talk = await get(lpc.conversation_open, consumer, null);
  const told = ({ message, status, maybeDelivered }) => console.log(message, status, maybeDelivered);
  await call(lpc.conversation_send_text, talk, 'lost', null).catch(told);
  await call(lpc.config_set, config, 'no.such', '').catch(told);
  await call(lpc.conversation_send_accept_status, talk, LPC.ACCEPT_STATUS_READ, [0, 3], 2, null, null);
  const body = Buffer.from('{"body": {"changes": []}}'), length = [0];
  const n = await get(lpc.notification_parse, body, body.length);
  console.log(koffi.decode(lpc.notification_raw(n, length), 'char', length[0]));
  lpc.notification_free(n);
  lpc.conversation_free(talk);
  lpc.consumer_free(consumer);
  lpc.client_free(client);
  lpc.config_free(config);
}

main();
