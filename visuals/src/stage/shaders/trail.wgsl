// What was shown before comes back, moved, and the new picture lies over it.

@group(1) @binding(0) var fresh: texture_2d<f32>;
@group(1) @binding(1) var before: texture_2d<f32>;

@fragment
fn trail(in: Corner) -> @location(0) vec4f {
    let now = textureSampleLevel(fresh, smooth_edge, in.uv, 0.0).rgb;
    if v.keep <= 0.001 { return vec4f(now, 1.0); }
    var p = (in.uv - 0.5) * vec2f(v.aspect, 1.0);
    p = turned(p, v.trail_turn * v.step) * exp(-v.trail_zoom * v.step);
    p -= vec2f(v.trail_x, v.trail_y) * v.step;
    if v.trail_warp > 0.001 {
        p += (noise(p * 4.0 + v.flow * 0.4).xy - 0.5) * v.trail_warp * v.step;
    }
    let uv = p / vec2f(v.aspect, 1.0) + 0.5;
    var old = textureSampleLevel(before, smooth_mirror, uv, 0.0).rgb;
    if abs(v.trail_hue) > 1e-4 {
        let lab = to_lab(old);
        old = from_lab(vec3f(lab.x, turned(lab.yz, v.trail_hue * v.step)));
    }
    var c = mix(now, old, v.keep);
    switch i32(v.trail_mode + 0.5) {
        case 1: { c = max(now, old * v.keep); }
        case 2: { // where the new picture is dark, the old shines through
            c = mix(old * mix(v.keep, 1.0, 0.3), now, smoothstep(0.02, 0.35, luminance(now)) * (1.0 - 0.6 * v.keep));
        }
        case 3: { c = mix(abs(now - old * 0.85), now, 1.0 - v.keep); }
        default: {}
    }
    return vec4f(min(c, vec3f(16.0)), 1.0);
}
