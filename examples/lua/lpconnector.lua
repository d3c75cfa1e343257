-- lpconnector.h for LuaJIT: its numbers as LPC.NAME, its functions as lpc.lpc_name(); `err` is where
-- calls put errors.
local ffi = require("ffi")

-- LuaJIT reads C declarations, but not the preprocessor's lines: of those only the numbers matter.
local path = debug.getinfo(1, "S").source:match("^@(.*/)") .. "../../include/lpconnector.h"
local header = assert(io.open(path)):read("*a")
ffi.cdef((header:gsub("\n#ifdef __cplusplus.-\n#endif[^\n]*", ""):gsub("\n#[^\n]*", "")))
local M = { LPC = {}, err = ffi.new("lpc_error *[1]") }
for name, number in header:gmatch("\n#define LPC_([%u_]+) (%d+)") do M.LPC[name] = tonumber(number) end
M.lpc = ffi.load("lpconnector")

-- Takes the status of a call whose last argument was `err`; a failure becomes a Lua error.
function M.check(status)
  if status == M.LPC.OK then return end
  local message = ("%s: %s"):format(ffi.string(M.lpc.lpc_status_name(status)),
                                    ffi.string(M.lpc.lpc_error_message(M.err[0])))
  M.lpc.lpc_error_free(M.err[0])
  error(message, 0)
end

-- The handle that a call gives through its out pointer; the collector will free it.
function M.new(kind, call)
  local out = ffi.new("lpc_" .. kind .. " *[1]")
  M.check(call(out))
  return ffi.gc(out[0], M.lpc["lpc_" .. kind .. "_free"])
end

return M
