-- Holds a conversation both ways: asks something, prints what the agent does as it arrives, marks
-- it as read, answers once, rates, and closes.
--
-- Settings come from the environment (LPC_ACCOUNT_ID, LPC_CLIENT_ID, LPC_CLIENT_SECRET and
-- LPC_RECEIVER_LISTEN), so that the same program talks to the sandbox and to a real account.
--
--   LD_LIBRARY_PATH=target/debug luajit two_way.lua [consumer id]

package.path = (arg[0]:match(".*/") or "./") .. "?.lua;" .. package.path
local ffi = require("ffi")
local lpconnector = require("lpconnector")
local LPC, lpc, err = lpconnector.LPC, lpconnector.lpc, lpconnector.err
local check, new = lpconnector.check, lpconnector.new

local PATIENCE_MS = 60000 -- for how long the agent may do nothing at all
local str = ffi.string -- copies: what the library lends ends with its handle
local doing = "starting"

local function say(talk, text)
  doing = "sending a message"
  print("  consumer: " .. text)
  check(lpc.lpc_conversation_send_text(talk, text, nil, err))
end

local joined, closed, answers = false, false, 0

-- The agent said something: marks it as read, and answers the first time.
local function said(talk, text, sequence)
  print("  agent:    " .. text)
  doing = "marking a message as read"
  check(lpc.lpc_conversation_send_accept_status(talk, LPC.ACCEPT_STATUS_READ,
          ffi.new("int64_t[1]", sequence), 1, nil, nil, err))
  answers = answers + 1
  if answers == 1 then return say(talk, "An order") end
  print("  (the consumer rates it with 5 stars, and closes)")
  doing = "rating the conversation"
  check(lpc.lpc_conversation_rate(talk, 5, true, LPC.CSAT_STATUS_FILLED, nil, err))
  doing = "closing the conversation"
  check(lpc.lpc_conversation_close(talk, nil, err))
end

-- Event `i` of the notification `n`.
local function handle(talk, lp_id, n, i)
  local kind, state = lpc.lpc_event_kind(n, i), str(lpc.lpc_event_state(n, i))
  -- A webhook is told of all conversations of the account.
  if closed or str(lpc.lpc_event_conversation_id(n, i)) ~= str(lpc.lpc_conversation_id(talk)) then
    return
  end
  if kind == LPC.EVENT_KIND_CONVERSATION then
    -- The JSON lists who takes part; a program with a JSON parser would look there.
    if not joined and str(lpc.lpc_event_json(n, i)):find('"ASSIGNED_AGENT"', 1, true) then
      joined = true
      print("  (an agent joins)")
    end
    -- Not by its state, which is that of the main dialog: a survey may follow.
    closed = lpc.lpc_event_is_closed(n, i)
  -- What this consumer did is told as well, and what agents note for each other.
  elseif str(lpc.lpc_event_originator_id(n, i)) == lp_id
      or str(lpc.lpc_event_audience(n, i)) == "AGENTS_AND_MANAGERS" then
    return
  elseif kind == LPC.EVENT_KIND_TEXT then
    said(talk, str(lpc.lpc_event_text(n, i)), lpc.lpc_event_sequence(n, i))
  elseif kind == LPC.EVENT_KIND_CHAT_STATE and state == "COMPOSING" then
    print("  (the agent types)")
  elseif kind == LPC.EVENT_KIND_ACCEPT_STATUS and state == "READ" then
    print("  (the agent reads)")
  end
end

local function main(consumer_id)
  local config = ffi.gc(lpc.lpc_config_new(), lpc.lpc_config_free)
  check(lpc.lpc_config_load_env(config, err))
  local receiver = new("receiver", function(out) return lpc.lpc_receiver_new(config, out, err) end)
  local client = new("client", function(out) return lpc.lpc_client_new(config, out, err) end)
  local consumer = new("consumer", function(out)
    return lpc.lpc_consumer_new(client, consumer_id, out, err)
  end)
  local lent = ffi.new("const char *[1]")
  check(lpc.lpc_consumer_lp_id(consumer, lent, err))
  local lp_id = str(lent[0])
  local talk = new("conversation", function(out)
    return lpc.lpc_conversation_open(consumer, nil, out, err)
  end)
  print("conversation " .. str(lpc.lpc_conversation_id(talk)) .. " opened")
  print("notifications come to " .. str(lpc.lpc_receiver_url(receiver)))
  say(talk, "Hi, this is the Lua example")
  while not closed do
    doing = "waiting for the agent"
    local n = new("notification", function(out)
      return lpc.lpc_receiver_poll(receiver, PATIENCE_MS, out, err)
    end)
    for i = 0, tonumber(lpc.lpc_notification_event_count(n)) - 1 do handle(talk, lp_id, n, i) end
    check(lpc.lpc_receiver_ack(receiver, n, err)) -- only now: what is not acknowledged comes again
    lpc.lpc_notification_free(ffi.gc(n, nil)) -- at once: the collector sees only a pointer
  end
  print("conversation closed")
end

io.stdout:setvbuf("line") -- each line at once, into a pipe too
local fine, message = pcall(main, arg[1] or "John_Doe_facebook12345")
if not fine then io.stderr:write(doing, ": ", message, "\n") end
os.exit(fine, true) -- true: let the collector free what is left
