-- Plays two bars and leaves two empty, again and again while time runs: at 48 kHz and 120 quarter notes a minute.
ardour {
  ["type"] = "dsp", name = "Oneiro's player", category = "Instrument", license = "MIT", author = "Oneiro",
  description = "Plays a tune of two bars, and waits two for an answer",
}

local beat, cycle = 24000, 16 * 24000
-- Beat, key, length in beats; each is let go 2000 samples early.
local tune = { { 0, 60, 1 }, { 1, 64, 1 }, { 2, 67, 2 }, { 4, 65, 1 }, { 5, 64, 1 }, { 6, 62, 2 } }

function dsp_ioconfig()
  return { { midi_in = 1, midi_out = 1, audio_in = 0, audio_out = 0 } }
end

function dsp_run(_, _, length)
  if not Session:transport_rolling() then return end
  local now, count = Session:transport_sample(), 0
  local function send(at, status, key)
    local wait = (at - now) % cycle
    if wait < length then
      count = count + 1
      midiout[count] = { time = wait + 1, data = { status, key, 64 } }
    end
  end
  for _, note in ipairs(tune) do
    local at, key, beats = table.unpack(note)
    send(at * beat, 0x90, key)
    send((at + beats) * beat - 2000, 0x80, key)
  end
end
