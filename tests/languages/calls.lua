-- What the two-way conversation does not show: several sequences in one call.
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
os.exit(true, true) -- let the collector free what is left
