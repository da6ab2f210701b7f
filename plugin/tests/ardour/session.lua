-- A session with Oneiro on a MIDI track, between a player and a listener, and with another track that records what it sends.
io.stdout:setvbuf("no")
local folder, enough = os.getenv("ONEIRO_TEST_FOLDER"), tonumber(os.getenv("ONEIRO_TEST_ENOUGH"))

local function must(sound, what)
  if not sound then
    print("failed: " .. what)
    quit()
  end
end

-- What Ardour's own threads have begun must end before the next thing is asked for.
local function settle()
  ARDOUR.LuaAPI.usleep(500000)
end

local backend = AudioEngine:set_backend("None (Dummy)", "", "")
backend:set_sample_rate(48000)
backend:set_buffer_size(256)
must(AudioEngine:start(false) == 0, "the engine starts")
must(create_session(folder .. "/session", "session", 48000), "a session is made")

local function new_track(name)
  local midi, audio = ARDOUR.DataType("midi"), ARDOUR.DataType("audio")
  local tracks = Session:new_midi_track(
    ARDOUR.ChanCount(midi, 1), ARDOUR.ChanCount(audio, 2), true, ARDOUR.PluginInfo(), nil, nil, 1, name,
    ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
  settle()
  return tracks:front()
end
local dream, tape = new_track("Dream"), new_track("Tape")

local player = ARDOUR.LuaAPI.new_luaproc(Session, "Oneiro's player")
local plugin = ARDOUR.LuaAPI.new_plugin(Session, "Oneiro", ARDOUR.PluginType.VST3, "")
local listener = ARDOUR.LuaAPI.new_luaproc(Session, "Oneiro's listener")
for place, processor in ipairs({ player, plugin, listener }) do
  must(not processor:isnil(), "processor " .. place .. " is found")
  must(dream:add_processor_by_index(processor, place - 1, nil, true) == 0, "processor " .. place .. " is put on the track")
  settle()
end
local outputs = dream:output()
print("ports: " .. outputs:n_ports():n_midi() .. " MIDI, " .. outputs:n_ports():n_audio() .. " audio")
must(outputs:midi(0):connect(tape:input():midi(0):name()) == 0, "one track hears the other")
tape:rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
Session:maybe_enable_record()
settle()

local function heard(output)
  local value, _ = ARDOUR.LuaAPI.get_processor_param(listener, output, true)
  return value
end

-- The networks are opened meanwhile.
ARDOUR.LuaAPI.usleep(2000000)
Session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
for _ = 1, 900 do
  ARDOUR.LuaAPI.usleep(100000)
  if heard(0) >= enough then break end
end
must(Session:transport_rolling(), "time runs")
must(heard(0) >= enough, "there are answers: " .. heard(0))
Session:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
for _ = 1, 300 do
  ARDOUR.LuaAPI.usleep(100000)
  if not Session:transport_rolling() and heard(1) == 0 then break end
end
-- What was on its way to the track that records has come.
ARDOUR.LuaAPI.usleep(1000000)
must(not Session:transport_rolling(), "time stands")
must(heard(1) == 0, "no note hangs: " .. heard(1))
-- Until it is saved, a recording is no proper MIDI file: its times count from the beginning.
Session:save_state("")
print("all is well")
close_session()
quit()
