-- For wrk: asks for the paths given after -- in turn.
local requests = {}
local position = 0

function init(args)
  for index, path in ipairs(args) do
    requests[index] = wrk.format("GET", path)
  end
end

function request()
  position = position % #requests + 1
  return requests[position]
end
