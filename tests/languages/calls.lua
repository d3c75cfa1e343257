-- What the two-way conversation does not show: several sequences in one call, a connector.
package.path = (arg[0]:match(".*/") or "./") .. "?.lua;" .. package.path
local ffi = require("ffi")
local lpconnector = require("lpconnector")
local LPC, lpc, err = lpconnector.LPC, lpconnector.lpc, lpconnector.err
local check, new = lpconnector.check, lpconnector.new

local config = ffi.gc(lpc.lpc_config_new(), lpc.lpc_config_free)
check(lpc.lpc_config_load_env(config, err))
local client = new("client", function(out) return lpc.lpc_client_new(config, out, err) end)
local consumer = new("consumer", function(out)
  return lpc.lpc_consumer_new(client, "somebody", out, err)
end)
local talk = new("conversation", function(out)
  return lpc.lpc_conversation_open(consumer, nil, out, err)
end)
print(select(2, pcall(function() check(lpc.lpc_conversation_send_text(talk, "lost", nil, err)) end)))
check(lpc.lpc_conversation_send_accept_status(talk, LPC.ACCEPT_STATUS_READ,
        ffi.new("int64_t[2]", {0, 3}), 2, nil, nil, err))

-- It does not listen, so all that it tells is what became of its own.
check(lpc.lpc_config_set(config, "receiver.listen", "", err))
check(lpc.lpc_config_set(config, "connector.store", "memory", err))
local sms = new("connector", function(out) return lpc.lpc_connector_new(config, out, err) end)
check(lpc.lpc_connector_submit(sms, "+49151", '{"ttr": "URGENT"}', "sms-1", err))
check(lpc.lpc_connector_submit_text(sms, "+49151", "Hi", "sms-2", err))
check(lpc.lpc_connector_submit_text(sms, "+49151", "Grüße", "sms-3", err))
for _ = 1, 4 do
  local update = new("update", function(out) return lpc.lpc_connector_poll(sms, 60000, out, err) end)
  local kind, key = lpc.lpc_update_kind(update), ffi.string(lpc.lpc_update_key(update))
  if kind == LPC.UPDATE_KIND_FAILED then
    print("FAILED " .. key .. ": " .. ffi.string(lpc.lpc_error_message(lpc.lpc_update_error(update))))
  elseif kind == LPC.UPDATE_KIND_OPENED then
    print("OPENED " .. ffi.string(lpc.lpc_update_consumer_id(update)))
  elseif kind == LPC.UPDATE_KIND_SENT then
    print("SENT " .. key)
  end
  check(lpc.lpc_connector_ack(sms, update, err))
  lpc.lpc_update_free(ffi.gc(update, nil))
end
local stats = new("response", function(out) return lpc.lpc_connector_stats(sms, out, err) end)
local length = ffi.new("size_t[1]")
local body = lpc.lpc_response_body(stats, length)
print((ffi.string(body, length[0]):match("\n(lpconnector_connector_sent_total[^\n]*)")))
lpc.lpc_connector_shutdown(sms, 0)
os.exit(true, true) -- let the collector free what is left
