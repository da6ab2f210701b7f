-- Lets everything pass, and shows how many notes of an answer have begun, and how many of them sound.
ardour {
  ["type"] = "dsp", name = "Oneiro's listener", category = "Utility", license = "MIT", author = "Oneiro",
  description = "Counts notes on channel 2",
}

function dsp_ioconfig()
  return { { midi_in = 1, midi_out = 1, audio_in = -1, audio_out = -1 } }
end

function dsp_params()
  return {
    { ["type"] = "output", name = "Begun", min = 0, max = 10000 },
    { ["type"] = "output", name = "Sounding", min = 0, max = 128 },
  }
end

local outputs
function dsp_configure(_, to)
  outputs = to
end

local begun, sounding = 0, {}
function dsp_runmap(buffers, from, to, length, offset)
  ARDOUR.DSP.process_map(buffers, outputs, from, to, length, offset)
  local midi = from:get(ARDOUR.DataType("midi"), 0)
  if midi ~= ARDOUR.ChanMapping.Invalid then
    for _, event in pairs(buffers:get_midi(midi):table()) do
      local bytes = event:buffer():array()
      if bytes[1] == 0x91 then
        begun = begun + 1
        sounding[bytes[2]] = true
      elseif bytes[1] == 0x81 then
        sounding[bytes[2]] = nil
      end
    end
  end
  local count = 0
  for _ in pairs(sounding) do
    count = count + 1
  end
  local shown = CtrlPorts:array()
  shown[1], shown[2] = begun, count
end
