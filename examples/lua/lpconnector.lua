-- lpconnector.h for LuaJIT: its numbers as LPC.NAME, its functions as lpc.lpc_name(); `err` is where
-- calls put errors.
local ffi = require("ffi")

-- The header: where LPC_HEADER says, else in the tree of this file, else where it was installed.
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "./"
local places = {os.getenv("LPC_HEADER")}
if (places[1] or "") == "" then
  for i, folder in ipairs {here .. "../../include", "/usr/local/include", "/usr/include"} do
    places[i] = folder .. "/lpconnector.h"
  end
end
local file
for _, place in ipairs(places) do file = file or io.open(place) end
if not file then
  error("no header: looked for " .. table.concat(places, ", ") .. "; LPC_HEADER can name it")
end
local header = file:read("*a")
file:close()

-- LuaJIT reads C declarations, but not the preprocessor's lines: of those only the numbers matter.
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
