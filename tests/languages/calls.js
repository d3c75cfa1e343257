// What the two-way conversation does not show: several sequences in one call, what an error tells, a
// connector.
'use strict';
const koffi = require('koffi');
const { LPC, lpc, call, get } = require('./lpconnector.js');

// It does not listen, so all that it tells is what became of its own.
async function connector(config) {
  await call(lpc.config_set, config, 'receiver.listen', '');
  await call(lpc.config_set, config, 'connector.store', 'memory');
  const sms = await get(lpc.connector_new, config);
  await call(lpc.connector_submit, sms, '+49151', '{"ttr": "URGENT"}', 'sms-1');
  await call(lpc.connector_submit_text, sms, '+49151', 'Hi', 'sms-2');
  await call(lpc.connector_submit_text, sms, '+49151', 'Grüße', 'sms-3');
  for (let told = 0; told < 4; told++) {
    const update = await get(lpc.connector_poll, sms, 60000);
    const kind = lpc.update_kind(update), key = lpc.update_key(update);
    if (kind === LPC.UPDATE_KIND_FAILED) {
      console.log(`FAILED ${key}: ${lpc.error_message(lpc.update_error(update))}`);
    }
    if (kind === LPC.UPDATE_KIND_OPENED) console.log(`OPENED ${lpc.update_consumer_id(update)}`);
    if (kind === LPC.UPDATE_KIND_SENT) console.log(`SENT ${key}`);
    await call(lpc.connector_ack, sms, update);
    lpc.update_free(update);
  }
  const stats = await get(lpc.connector_stats, sms);
  const length = [0], body = lpc.response_body(stats, length);
  console.log(koffi.decode(body, 'char', length[0]).match(/^lpconnector_connector_sent_total.*$/m)[0]);
  lpc.response_free(stats);
  lpc.connector_shutdown(sms, 0);
  lpc.connector_free(sms);
}

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
  await connector(config);
  lpc.conversation_free(talk);
  lpc.consumer_free(consumer);
  lpc.client_free(client);
  lpc.config_free(config);
}

main();
