// Light that spreads: what is bright, at a quarter of the size, blurred across and down.

@group(1) @binding(0) var source: texture_2d<f32>;

@fragment
fn bright(in: Corner) -> @location(0) vec4f {
    let texel = 1.0 / vec2f(textureDimensions(source));
    var sum = vec3f(0.0);
    for (var i = 0; i < 4; i++) {
        let shift = vec2f(f32(i & 1) * 2.0 - 1.0, f32(i >> 1) * 2.0 - 1.0);
        sum += textureSampleLevel(source, smooth_edge, in.uv + shift * texel, 0.0).rgb;
    }
    let c = min(sum / 4.0, vec3f(6.0));
    let l = luminance(c);
    return vec4f(c * smoothstep(v.glow_level * 0.5, v.glow_level, l), 1.0);
}

fn blurred(uv: vec2f, way: vec2f) -> vec4f {
    let texel = way / vec2f(textureDimensions(source));
    var sum = textureSampleLevel(source, smooth_edge, uv, 0.0).rgb * 0.1370;
    let offsets = array<f32, 5>(1.45, 3.4, 5.4, 7.9, 11.0);
    let weights = array<f32, 5>(0.1600, 0.1150, 0.0780, 0.0500, 0.0285);
    for (var i = 0; i < 5; i++) {
        let at = offsets[i] * texel;
        sum += (textureSampleLevel(source, smooth_edge, uv + at, 0.0).rgb
            + textureSampleLevel(source, smooth_edge, uv - at, 0.0).rgb) * weights[i];
    }
    return vec4f(sum, 1.0);
}

@fragment
fn across(in: Corner) -> @location(0) vec4f {
    return blurred(in.uv, vec2f(1.0, 0.0));
}

@fragment
fn down(in: Corner) -> @location(0) vec4f {
    return blurred(in.uv, vec2f(0.0, 1.0));
}
