-- A session with Oneiro on a MIDI track, between the clients "player" and "listener". Rolls until the test has heard enough.
io.stdout:setvbuf("no")
local folder = os.getenv("ONEIRO_TEST_FOLDER")

local function must(sound, what)
  if not sound then
    print("failed: " .. what)
    quit()
  end
end

AudioEngine:set_backend("JACK", "", "")
must(AudioEngine:start(false) == 0, "the engine starts")
must(create_session(folder .. "/session", "session", 48000), "a session is made")
local plugin = ARDOUR.LuaAPI.new_plugin(Session, "Oneiro", ARDOUR.PluginType.VST3, "")
must(not plugin:isnil(), "the plugin is found")
local midi, audio = ARDOUR.DataType("midi"), ARDOUR.DataType("audio")
local tracks = Session:new_midi_track(
  ARDOUR.ChanCount(midi, 1), ARDOUR.ChanCount(audio, 2), true, ARDOUR.PluginInfo(), nil, nil, 1, "Dream",
  ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
local track = tracks:front()
must(track:add_processor_by_index(plugin, 0, nil, true) == 0, "the plugin is put on the track")
track:monitoring_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
must(track:input():midi(0):connect("player:out") == 0, "the player is heard")
must(track:output():midi(0):connect("listener:input") == 0, "the listener hears")
print("ports: " .. track:output():n_ports():n_midi() .. " MIDI, " .. track:output():n_ports():n_audio() .. " audio")

-- The networks are opened meanwhile.
ARDOUR.LuaAPI.usleep(2000000)
Session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
for _ = 1, 600 do
  ARDOUR.LuaAPI.usleep(100000)
  local heard = io.open(folder .. "/enough")
  if heard then
    heard:close()
    break
  end
end
must(Session:transport_rolling(), "time runs")
print("rolled to sample " .. Session:transport_sample())
Session:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
ARDOUR.LuaAPI.usleep(1000000)
must(not Session:transport_rolling(), "time stands")
print("all is well")
close_session()
quit()
